"""Architectures as text: `slot=choice ...`, and versioned JSON."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from nao.files import Shape, parse_object
from nao.spaces.slot import Choice, Slot
from nao.system.showing import counted

FORMAT = "nao/architecture"
FORMAT_VERSION = 1


class ArchitectureShape(Shape):
    """An architecture as versioned JSON, as `to_json` writes it."""

    format: Literal["nao/architecture"]
    version: Literal[1]
    space: str
    architecture: str
    slots: dict[str, Choice]


def in_short(space: Any, *facts: str) -> str:
    """Describes a space in a line: its class, its name, its size and more facts."""
    num_choices = sum(len(slot.choices) for slot in space.slots)
    size = (counted(len(space.slots), "slot"), counted(num_choices, "choice"))
    return f"{type(space).__name__}({', '.join([repr(space.name), *size, *facts])})"


def check_slots(choices: Collection[str], slots: list[str], space: str) -> None:
    """Raises ValueError where choices are of other slots, or lack some.

    Args:
        choices: Names of the slots that have a choice.
        slots: Names of all slots.
        space: Name of the space, for the message.
    """
    for name in choices:
        if name not in slots:
            raise ValueError(
                f"Unknown slot {name!r} of space {space!r}; known: {', '.join(slots)}."
            )
    missing = [name for name in slots if name not in choices]
    if missing:
        raise ValueError(
            f"Architecture of space {space!r} lacks slots {', '.join(missing)}."
        )


def write_pairs(choices: Mapping[str, Choice]) -> str:
    """Writes choices by slot name as `slot=choice ...`, quoted for a shell."""
    return shlex.join(f"{slot}={choice}" for slot, choice in choices.items())


def read_pairs(text: str, space: str) -> dict[str, str]:
    """Reads what `write_pairs` wrote.

    Args:
        text: The text.
        space: Name of the space, for the message.

    Raises:
        ValueError: If a word is not `slot=choice`, or a slot stands there twice.
    """
    choices: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:  # a quote that is never closed
        raise ValueError(f"{error} in {text!r}.") from None
    for word in words:
        slot, equals, choice = word.partition("=")
        if not equals or slot in choices:
            raise ValueError(
                f"Architectures of {space!r} read 'slot=choice ...', each "
                f"slot once, got {word!r}."
            )
        choices[slot] = choice
    return choices


def read_indices(words: Sequence[str], slots: Sequence[Slot]) -> np.ndarray:
    """Reads the number of the choice of each slot, int64 [num_slots].

    Raises:
        ValueError: If a slot has no choice of that number.
    """
    indices = list(map(int, words))
    for slot, index in zip(slots, indices, strict=True):
        if index >= len(slot.choices):
            raise ValueError(
                f"Slot {slot.name!r} takes 0 to {len(slot.choices) - 1}, got {index}."
            )
    return np.array(indices)


def to_json(space: str, text: str, choices: Mapping[str, Choice]) -> dict[str, Any]:
    """Returns an architecture as a versioned JSON object.

    Args:
        space: Name of the space.
        text: The architecture in the space's own notation.
        choices: Its choices by slot name.
    """
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "space": space,
        "architecture": text,
        "slots": dict(choices),
    }


def read_json(text: str, space: str) -> dict[str, Choice]:
    """Reads the choices by slot name out of a versioned JSON object.

    Raises:
        ValueError: If it is not such an object, or of another version or space.
    """
    try:
        data = parse_object(text)
    except ValueError as error:
        raise ValueError(f"Architecture is not valid JSON: {error}.") from None
    if data.get("format") != FORMAT or data.get("version") != FORMAT_VERSION:
        raise ValueError(
            f"Architecture JSON must have format {FORMAT!r} and version "
            f"{FORMAT_VERSION}, got {data.get('format')!r} and {data.get('version')!r}."
        )
    if data.get("space") != space:
        raise ValueError(
            f"Architecture is of space {data.get('space')!r}, not {space!r}."
        )
    if not isinstance(data.get("slots"), dict):
        raise ValueError("Architecture JSON must have an object of slots.")
    # The text of `architecture` is for people and other programs: slots say it all.
    return data["slots"]
