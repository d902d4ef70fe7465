"""A user's own space, made from a mapping of slot names to choices."""

from collections.abc import Iterable, Mapping

from nao.spaces import base


def custom(slots: Mapping[str, Iterable] | None, name: str = "custom") -> base.Space:
    """Makes a space in which every combination of choices is an architecture.

    Args:
        slots: Choices of each slot by its name, in the order the controller reads them;
            choices are turned into text, so numbers may stand there. None, the
            default of `space.slots`, counts as no slots.
        name: Name of the space.

    Raises:
        ValueError: If there is no slot, or a slot has no choices or the same one twice.
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
    return base.Space(
        name=name,
        slots=tuple(
            base.Slot(slot, tuple(str(choice) for choice in choices))
            for slot, choices in slots.items()
        ),
    )
