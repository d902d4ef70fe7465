"""Slots: the decisions that an architecture is made of, each with its choices."""

import dataclasses

START = "<start>"  # entry 0 of every vocabulary: what the decoder reads first


@dataclasses.dataclass(frozen=True)
class Slot:
    """One decision of an architecture.

    Attributes:
        name: Unique name in its space, for example `normal/2/left/input`.
        choices: What may stand there. A choice name shared by two slots is one
            vocabulary entry.
    """

    name: str
    choices: tuple[str, ...]

    def __post_init__(self):
        if not self.choices:
            raise ValueError(f"Slot {self.name!r} must have at least one choice.")
        for text in (self.name, *self.choices):
            if not isinstance(text, str) or not text or not text.isprintable():
                raise ValueError(
                    "Names of slots and choices must be printable text, "
                    f"got {text!r} in slot {self.name!r}."
                )
        # `slot=choice`, the notation of spaces from slots alone, is split at the first.
        if "=" in self.name:
            raise ValueError(f"Names of slots must not have '=', got {self.name!r}.")
        if len(set(self.choices)) != len(self.choices):
            raise ValueError(
                f"Choices of slot {self.name!r} must differ, got {self.choices}."
            )
        if START in self.choices:
            raise ValueError(f"{START!r} is reserved, found in slot {self.name!r}.")
