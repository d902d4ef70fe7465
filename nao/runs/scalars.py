"""Which numbers TensorBoard gets: those that change."""

from collections.abc import Iterable, Mapping
from typing import Any

OBJECTIVE = "objective/"  # begins the tags that are always shown: a flat one tells, too

Point = tuple[str, float, int]  # tag, value and step


class Changing:
    """Holds the points of a tag back until its value changes; flat tags stay out."""

    def __init__(self):
        self._held: dict[str, tuple[float, list[int]]] = {}  # the value, and its steps
        self._changed: set[str] = set()

    def take(self, step: int, scalars: Mapping[str, Any]) -> list[Point]:
        """Returns the points that are due once a step has its scalars.

        Args:
            step: Number of trials or epochs finished.
            scalars: Values by tag; what is None, text or a truth value is left out.
        """
        return [
            point
            for tag, value in scalars.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
            for point in self._due(tag, value, step)
        ]

    def _due(self, tag: str, value: float, step: int) -> Iterable[Point]:
        if tag not in self._changed and not tag.startswith(OBJECTIVE):
            first, steps = self._held.setdefault(tag, (value, []))
            if value == first:
                steps.append(step)
                return
            self._changed.add(tag)
            yield from ((tag, first, earlier) for earlier in steps)
            del self._held[tag]
        yield tag, value, step
