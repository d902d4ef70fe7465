"""Slots: the decisions that an architecture is made of, each with its choices."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from nao.files import as_line

START = "<start>"  # entry 0 of every vocabulary: what the decoder reads first

Choice = str | bool | int | float | None  # what JSON, and Optuna, can hold


@dataclasses.dataclass(frozen=True)
class Slot:
    """One decision of an architecture.

    Attributes:
        name: Unique name in its space, for example `normal/2/left/input`.
        choices: What may stand there: text, whole numbers, finite numbers, True, False
            or None, handed out as given; scalars of NumPy become Python's.
        texts: Each choice as `str` writes it: its name in notations. A text shared by
            two slots is one vocabulary entry.
    """

    name: str
    choices: tuple[Choice, ...]
    # Compared as well, since to Python 1, 1.0 and True are equal.
    texts: tuple[str, ...] = dataclasses.field(init=False, repr=False)

    def __post_init__(self):
        if not self.choices:
            raise ValueError(f"Slot {self.name!r} must have at least one choice.")
        # `slot=choice`, the notation of spaces from slots alone, is split at the first.
        if isinstance(self.name, str) and "=" in self.name:
            raise ValueError(f"Names of slots must not have '=', got {self.name!r}.")
        _check_text(self.name, self.name)
        choices = tuple(as_choice(choice) for choice in self.choices)
        for choice in choices:
            _check_choice(choice, self.name)
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "texts", tuple(map(str, choices)))
        if len(set(choices)) != len(choices):
            raise ValueError(
                f"Choices of slot {self.name!r} must differ, got {self.choices}."
            )
        if len(set(self.texts)) != len(choices):
            raise ValueError(
                f"Choices of slot {self.name!r} must differ as text, too, got "
                f"{self.choices}."
            )
        if START in self.texts:
            raise ValueError(f"{START!r} is reserved, found in slot {self.name!r}.")

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        """Position of each choice by its text."""
        return {text: i for i, text in enumerate(self.texts)}

    @functools.cached_property
    def _numbers(self) -> dict[float, int]:
        """Position of each number; True and False, equal to 1 and 0, are none."""
        return {c: i for i, c in enumerate(self.choices) if is_number(c)}

    def position(self, choice: Any) -> int:
        """Returns where a choice stands, given as itself, an equal number or its text.

        Raises:
            ValueError: If the slot has no such choice.
        """
        choice = as_choice(choice)
        found = self._positions.get(str(choice))
        if found is None and is_number(choice):
            # As programs write whole numbers as floats, and floats as whole numbers.
            found = self._numbers.get(choice)
        if found is None:
            raise ValueError(
                f"Unknown choice {choice!r} in slot {self.name!r}; "
                f"known: {', '.join(self.texts)}."
            )
        return found


def as_choice(value: Any) -> Any:
    """Returns a scalar of NumPy as Python's; all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def is_number(choice: Any) -> bool:
    """Says whether a choice is a whole number or a float; True and False are none."""
    return type(choice) in (int, float)


def _check_choice(choice: Any, slot: str) -> None:
    # Types to the letter: JSON would give a member of an enumeration back as text.
    if type(choice) is str:
        _check_text(choice, slot)
    elif type(choice) not in (bool, int, float, type(None)):
        raise ValueError(
            "Choices must be text, numbers, True, False or None, got "
            f"{as_line(repr(choice), 80)} in slot {slot!r}."
        )
    elif type(choice) is float and not math.isfinite(choice):
        raise ValueError(f"Numbers must be finite, got {choice} in slot {slot!r}.")


def _check_text(text: Any, slot: Any) -> None:
    if not isinstance(text, str) or not text or not text.isprintable():
        raise ValueError(
            "Names of slots and choices must be printable text, "
            f"got {text!r} in slot {slot!r}."
        )
