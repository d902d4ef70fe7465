"""A user's own space, made from a mapping of slot names to choices."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from nao.files import as_line
from nao.spaces import base, notation
from nao.system import functions

Rule = Callable[[dict[str, base.Choice]], bool]


@dataclasses.dataclass(frozen=True)
class Constrained(base.Space):
    """Slots, and a rule that says which combinations of choices are architectures.

    Attributes:
        valid: Maps choices by slot name to True or False. None where the rule is not
            known, as in a space made from its description: it refuses nothing then.
    """

    valid: Rule | None = None

    def __repr__(self) -> str:
        rule = "a rule that is not known" if self.valid is None else "a rule"
        return notation.in_short(self, f"with {rule}")

    def is_valid(self, tokens: np.ndarray) -> np.ndarray:
        """Says which rows [num, length] the rule allows, bool [num].

        Raises:
            ValueError: If the rule raises, or returns something else.
        """
        valid = super().is_valid(tokens)
        if self.valid is not None:
            rows = np.asarray(tokens)[valid]
            valid[valid] = [self._allows(row) for row in rows]
        return valid

    def _allows(self, row: np.ndarray) -> bool:
        try:
            found = self.valid(self.by_slot(row))
        # A user's code may raise anything.
        except Exception as error:
            raise ValueError(
                f"valid of space {self.name!r} failed for {self.format(row)!r}: "
                f"{functions.in_one_line(error)}."
            ) from error
        if not isinstance(found, bool | np.bool_):
            raise ValueError(
                f"valid of space {self.name!r} must return True or False, got "
                f"{as_line(repr(found), 80)} for {self.format(row)!r}."
            )
        return bool(found)


def custom(
    slots: Mapping[str, Iterable[base.Choice]] | None,
    name: str = "custom",
    valid: Rule | str | None = None,
) -> base.Space:
    """Makes a space from slots and their choices.

    `custom({"depth": (1, 2, 3), "norm": ("batch", None)})` has six architectures. A
    rule leaves out combinations: `valid=lambda choices: choices["depth"] > 1 or
    choices["norm"] is None`. Nothing that it refuses is drawn, proposed or evaluated.

    Args:
        slots: Choices of each slot by its name, in the order the controller reads them:
            text, numbers, True, False or None, which reach the user's function as they
            are. None, the default of `space.slots`, counts as no slots.
        name: Name of the space.
        valid: Maps choices by slot name to True where they are an architecture, or
            the name of what does, as `module:function`; None or empty where all are. It
            must be a pure function: a search is continued with the same one.

    Raises:
        ValueError: If there is no slot, a slot has no choices or the same one twice, or
            the rule refuses everything, raises, or returns no truth value.
    """
    slots = {} if slots is None else slots
    if not isinstance(slots, Mapping):
        raise ValueError(f"slots must map names to lists of choices, got {slots!r}.")
    for slot, choices in slots.items():
        # A string is iterable, too: its letters would become the choices.
        if isinstance(choices, str) or not isinstance(choices, Iterable):
            raise ValueError(
                f"Choices of slot {slot!r} must be a list, got {choices!r}."
            )
    made = tuple(base.Slot(slot, tuple(choices)) for slot, choices in slots.items())
    if valid is None or valid == "":
        return base.Space(name, made)
    if isinstance(valid, str):
        valid = functions.load_function(valid, "space.valid")
    if not callable(valid):
        raise ValueError(
            f"valid must map choices by slot to True or False, got {valid!r}."
        )
    space = Constrained(name, made, valid=valid)
    # A rule that refuses everything, or fails, is found before a search begins.
    space.sample(np.random.default_rng(0), 1)
    return space
