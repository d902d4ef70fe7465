"""Spaces as JSON, so that saved architectures can be read without their config."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nao.files import Shape, as_tuples, check_shape
from nao.spaces import base
from nao.spaces.registry import KINDS
from nao.spaces.subset import Subset

FORMAT = "nao/space"
FORMAT_VERSION = 1


class _Described(Shape):
    """Fields of all kinds of spaces, as far as each has them."""

    kind: str
    name: str = ""
    slots: list[Any] | None = None
    group: int = 1
    operations: str | list[str] = ""
    num_nodes: int = 1
    none: str | None = None
    skip: str | None = None
    activations: list[str] | None = None
    output: str = ""
    first: bool = False
    whole: dict[str, Any] | None = None
    members: list[list[int]] | None = None


def describe(space: base.Space) -> dict[str, Any]:
    """Returns all that `from_description` needs, as JSON values.

    A space of a user's own class is described by the names of the class and the space,
    by its slots and its group: JSON can't hold the rules of its methods.
    """
    kind = type(space).__name__
    described = {"format": FORMAT, "version": FORMAT_VERSION, "kind": kind}
    for name in _fields(KINDS.get(kind, base.Space)):
        described[name] = _to_json(getattr(space, name))
    return described


def from_description(data: Mapping, space: base.Space | None = None) -> base.Space:
    """Returns the space that was described.

    Args:
        data: What `describe` returned, written to JSON and read back or not.
        space: The space itself, needed where its class is the user's own; it is checked
            against the description and returned.

    Raises:
        ValueError: If the description does not fit, or is of another space.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"A space must be described by an object, got {data!r}.")
    if data.get("format") != FORMAT or data.get("version") != FORMAT_VERSION:
        raise ValueError(
            f"A space must have format {FORMAT!r} and version {FORMAT_VERSION}, got "
            f"{data.get('format')!r} and {data.get('version')!r}."
        )
    if space is not None:
        if not is_same(describe(space), data):
            raise ValueError(
                f"The space given, {space.name!r}, is not the {data.get('kind')} that "
                "was saved."
            )
        return space
    check_shape(data, _Described, "Description of a space is damaged")
    kind = data["kind"]
    if kind not in KINDS:
        raise ValueError(
            f"Space of class {kind} is not one of nao's, {', '.join(KINDS)}; it must "
            "be given as space= from Python, as in "
            "nao.Embedding.from_workdir(workdir, space=...)."
        )
    try:
        # Fields that the description lacks, as it is older, are at their defaults.
        known = [name for name in _fields(KINDS[kind]) if name in data]
        made = KINDS[kind](**{name: _from_json(name, data[name]) for name in known})
        if isinstance(made, Subset):
            _check_members(made)
    except ValueError:
        raise  # The spaces themselves say what is wrong.
    except Exception as error:  # What they raise at parts that do not fit together.
        raise ValueError(f"Description of a {kind} is damaged: {error!r}.") from None
    return made


def is_same(first: Mapping, second: Mapping) -> bool:
    """Says whether two descriptions are of one space.

    A field that one of them lacks, as it is older, is not compared.
    """
    common = first.keys() & second.keys()
    # As text, since to Python 1, 1.0 and True are equal.
    texts = (
        json.dumps({name: data[name] for name in common}, sort_keys=True)
        for data in (first, second)
    )
    return len(set(texts)) == 1


def _fields(kind: type[base.Space]) -> list[str]:
    """Returns the fields that a space is made from, rules aside."""
    fields = dataclasses.fields(kind)
    return [f.name for f in fields if f.init and f.name != "valid"]


def _to_json(value: Any) -> Any:
    """Returns a field's value, spaces and slots inside it, as JSON."""
    if isinstance(value, base.Space):
        return describe(value)
    if isinstance(value, base.Slot):
        return [value.name, list(value.choices)]
    return [_to_json(v) for v in value] if isinstance(value, tuple) else value


def _from_json(name: str, value: Any) -> Any:
    """Returns what `_to_json` was given for the field of that name."""
    if name == "slots":
        return tuple(base.Slot(slot, tuple(choices)) for slot, choices in value)
    if isinstance(value, Mapping):  # a space inside a space, as in a `Subset`
        return from_description(value)
    return as_tuples(value)


def _check_members(subset: Subset) -> None:
    # `Subset` trusts its maker, but a file may be damaged.
    tokens = np.asarray(subset.members)
    if tokens.ndim != 2 or not subset.whole.is_valid(tokens).all():
        raise ValueError("Members of a Subset must be architectures of the whole.")
