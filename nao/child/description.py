"""`child.json` of a saved child: its network, and how its inputs are normalised."""

import dataclasses
import functools
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pydantic

from nao.child.nets import known_networks
from nao.child.network import ChildNet
from nao.files import Shape, as_tuples, check_shape, read_json

NAME = "child.json"
FORMAT = "nao/child"
FORMAT_VERSION = 1
NOT_SAVED = ("parent", "name")  # fields that Flax adds to every module
_MOST = 2**16  # of any size of a network, so that a damaged one does not build for ever
# What JAX computes in; unsigned bytes first, as images are.
_DTYPES = ("uint8", "float32", "int32", "bool", "int8", "int16", "uint16", "uint32")
_DTYPES += ("float16", "bfloat16")
_Size = Annotated[int, pydantic.Field(ge=1, le=_MOST)]


class TaskShape(Shape):
    """What a task says of itself, see `Task.describe`."""

    name: str
    example: str
    objective: str
    carries: bool


class Description(Shape):
    """`child.json` of a saved child."""

    task: TaskShape
    input_dtype: Literal[_DTYPES]
    mean: list[float] | None
    deviation: list[Annotated[float, pydantic.Field(gt=0)]] | None
    network: dict[str, Any]


def read(path: pathlib.Path, shape: type[Description] = Description) -> dict[str, Any]:
    """Returns what `child.json` of a saved child says.

    Args:
        path: Folder of the child.
        shape: What it must hold.

    Raises:
        ValueError: If there is no child, or it is damaged or of another version.
    """
    found = read_json(path / NAME)
    if found is None:
        raise ValueError(f"{path} holds no trained child.")
    if (found.get("format"), found.get("version")) != (FORMAT, FORMAT_VERSION):
        raise ValueError(
            f"A trained child must have format {FORMAT!r} and version "
            f"{FORMAT_VERSION}, got {found.get('format')!r} and "
            f"{found.get('version')!r} in {path}."
        )
    check_shape(found, shape, f"{path / NAME} is damaged")
    return found


def network(
    description: Mapping[str, Any],
    path: pathlib.Path,
    own: type[ChildNet] | None = None,
) -> ChildNet:
    """Returns the network that `read` found described in a folder.

    Args:
        description: What it found.
        path: The folder, to name it.
        own: Class of a network that no registered space has.

    Raises:
        ValueError: If there is no such network, or its parts do not fit together.
    """
    fields = {name: as_tuples(v) for name, v in description["network"].items()}
    known, kind = known_networks(), fields.pop("kind", None)
    known |= {} if own is None else {own.__name__: own}
    problem = f"{path / NAME} is damaged: network"
    if kind not in list(known):
        raise ValueError(
            f"{problem}.kind must be one of {', '.join(known)}, or `network` of a call "
            f"must be its class."
        )
    check_shape(fields, _shape_of(known[kind]), problem)
    net = known[kind](**fields)
    try:
        arch = np.asarray(net.arch)
        are_numbers = arch.dtype.kind == "i" and arch.min() >= 0
        is_whole = are_numbers and net.num_parameters() > 0
    except Exception as error:  # what layers raise at parts that do not fit together
        raise ValueError(f"{problem} does not fit together: {error!r}.") from None
    norm = [description[name] for name in ("mean", "deviation")]
    lengths = {None if numbers is None else len(numbers) for numbers in norm}
    if not is_whole or lengths not in ({None}, {(net.input_shape or (1,))[-1]}):
        raise ValueError(f"{problem}, mean and deviation do not fit together.")
    return net


@functools.cache
def _shape_of(kind: type[ChildNet]) -> type[Shape]:
    """Returns what the fields of a network must be, that of a trained child."""
    types: dict[str, Any] = {
        field.name: (
            _Size if field.type is int else field.type,
            ... if field.default is dataclasses.MISSING else field.default,
        )
        for field in dataclasses.fields(kind)
        if field.name not in NOT_SAVED
    }
    # Of one architecture, as `TrainedChild.of` leaves it.
    trained = {
        "image_shape": (tuple[_Size, _Size, _Size], ...),
        "input_shape": (tuple[_Size, ...], ...),
        "arch": (tuple, ...),
        "auxiliary": (Literal[False], False),
        "axis_name": (None, None),
        "dtype": (Literal["float32", "bfloat16"], "float32"),
    }
    types |= {name: trained[name] for name in types.keys() & trained.keys()}
    return pydantic.create_model(kind.__name__, __base__=_Exact, **types)


class _Exact(Shape):
    """Without unknown fields; a network of one's own may have any type of field."""

    model_config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
