"""`child.json` of a saved child: its network, and how its images are normalised."""

import dataclasses
import functools
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import flax.linen as nn
import numpy as np
import pydantic

from nao.child.nets import known_networks
from nao.files import Shape, as_tuples, check_shape, read_json

NAME = "child.json"
FORMAT = "nao/child"
FORMAT_VERSION = 1
NOT_SAVED = ("parent", "name")  # fields that Flax adds to every module
_MOST = 2**16  # of any size of a network, so that a damaged one does not build for ever
_Size = Annotated[int, pydantic.Field(ge=1, le=_MOST)]


class Description(Shape):
    """`child.json` of a saved child."""

    image_dtype: Literal["uint8", "float32"]
    mean: list[float]
    deviation: list[Annotated[float, pydantic.Field(gt=0)]]
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


def network(description: Mapping[str, Any], path: pathlib.Path) -> nn.Module:
    """Returns the network that `read` found described in a folder.

    Raises:
        ValueError: If there is no such network, or its parts do not fit together.
    """
    fields = {name: as_tuples(v) for name, v in description["network"].items()}
    known, kind = known_networks(), fields.pop("kind", None)
    problem = f"{path / NAME} is damaged: network"
    if kind not in list(known):
        raise ValueError(f"{problem}.kind must be one of {', '.join(known)}.")
    check_shape(fields, _shape_of(known[kind]), problem)
    net = known[kind](**fields)
    try:
        is_whole = np.min(net.arch) >= 0 and net.num_parameters() > 0
    except Exception as error:  # what layers raise at parts that do not fit together
        raise ValueError(f"{problem} does not fit together: {error!r}.") from None
    lengths = {len(description[name]) for name in ("mean", "deviation")}
    if not is_whole or lengths != {net.image_shape[-1]}:
        raise ValueError(f"{problem}, mean and deviation do not fit together.")
    return net


@functools.cache
def _shape_of(kind: type[nn.Module]) -> type[Shape]:
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
    types |= {
        "image_shape": (tuple[_Size, _Size, _Size], ...),
        "arch": (tuple, ...),
        "auxiliary": (Literal[False], False),
        "axis_name": (None, None),
        "dtype": (Literal["float32", "bfloat16"], "float32"),
    }
    return pydantic.create_model(kind.__name__, __base__=_Exact, **types)


class _Exact(Shape):
    """Without unknown fields; a network of one's own may have any type of field."""

    model_config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
