"""Spaces as JSON, so that what was saved with one can be read without its maker."""

from collections.abc import Mapping

import numpy as np

from nao.spaces import base
from nao.spaces.conv_cell import ConvCell
from nao.spaces.nasbench201 import NASBench201
from nao.spaces.subset import Subset

FORMAT = "nao/space"
FORMAT_VERSION = 1


def describe(space: base.Space) -> dict:
    """Returns all that `from_description` needs, as JSON values.

    A class of the user's own is described by its name and its slots: it has rules that
    JSON can't hold.
    """
    described = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "kind": type(space).__name__,
    }
    if isinstance(space, Subset):
        members = np.asarray(space.members).tolist()
        return described | {"whole": describe(space.whole), "members": members}
    if isinstance(space, ConvCell):
        names = ("operations", "num_nodes", "join")
        return described | {name: _plain(getattr(space, name)) for name in names}
    if isinstance(space, NASBench201):
        return described
    return described | {
        "name": space.name,
        "slots": [[slot.name, list(slot.choices)] for slot in space.slots],
        "group": space.group,
    }


def from_description(data: Mapping, space: base.Space | None = None) -> base.Space:
    """Returns the space that was described.

    Args:
        data: What `describe` returned, JSON in between.
        space: The space itself, for a class of the user's own.

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
        if describe(space) != data:
            raise ValueError(
                f"The space given, {space.name!r}, is not the {data.get('kind')} that "
                "was saved."
            )
        return space
    kind = data.get("kind")
    if kind not in _MAKERS:
        raise ValueError(
            f"Space of class {kind} is not one of nao's, {', '.join(_MAKERS)}; it must "
            "be given as space=."
        )
    try:
        return _MAKERS[kind](data)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"Description of a {kind} is damaged: {error!r}.") from None


def _make_subset(data: Mapping) -> Subset:
    whole = from_description(data["whole"])
    tokens = np.asarray(data["members"], np.int32)
    if tokens.ndim != 2 or not whole.is_valid(tokens).all():
        raise ValueError("Members of a Subset must be architectures of the whole.")
    return Subset(whole, tokens)


def _make_slots(data: Mapping) -> base.Space:
    slots = tuple(base.Slot(name, tuple(choices)) for name, choices in data["slots"])
    return base.Space(data["name"], slots, data["group"])


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


_MAKERS = {
    "ConvCell": lambda data: ConvCell(
        tuple(data["operations"]), data["num_nodes"], data["join"]
    ),
    "NASBench201": lambda data: NASBench201(),
    "Space": _make_slots,
    "Subset": _make_subset,
}
