"""Straight arrows on a chart that can be told apart, in the unit of its drawing."""

from collections.abc import Iterable

import numpy as np

_APART = 15.0  # between an end and another arrow, so that circles there are apart
_SAME = 1.0  # ends that are nearer are one
_SHORTEST = 24.0  # an arrow of less is hidden by the marks at its ends
_LEAST_ANGLE = np.radians(20)  # between two arrows that meet at an end


def readable(starts: np.ndarray, ends: np.ndarray, most: int) -> list[int]:
    """Chooses arrows that neither cross nor touch, earlier ones first.

    Those that meet in one end are kept where they come from different directions.

    Args:
        starts: Where each arrow begins, [num, 2].
        ends: Where it points to, [num, 2].
        most: How many to choose at most.

    Returns:
        Their numbers, rising.
    """
    chosen: list[int] = []
    for i, arrow in enumerate(zip(starts, ends, strict=True)):
        drawn = [(starts[j], ends[j]) for j in chosen]
        if _length(arrow) >= _SHORTEST and _is_clear(arrow, drawn):
            chosen.append(i)
        if len(chosen) == most:
            break
    return chosen


def _is_clear(arrow: tuple, drawn: Iterable[tuple]) -> bool:
    return not any(_cross(arrow, o) or _touch(arrow, o) for o in drawn)


def _length(arrow: tuple) -> float:
    start, end = arrow
    return float(np.hypot(*(end - start)))


def _cross(a: tuple, b: tuple) -> bool:
    """Says whether two arrows cross between their ends."""

    def sides(line: tuple, other: tuple) -> float:
        first, second = (_turn(line[0], line[1], point) for point in other)
        return first * second

    return sides(a, b) < 0 and sides(b, a) < 0


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Returns on which side of the line from a to b a point lies, by its sign."""
    (x, y), (u, v) = b - a, c - a
    return float(x * v - y * u)


def _touch(a: tuple, b: tuple) -> bool:
    """Says whether an end of one arrow lies on the other, or both look like one."""
    if np.hypot(*(a[1] - b[1])) < _SAME:  # they meet
        return _angle(a, b) < _LEAST_ANGLE
    pairs = [(point, other) for one, other in ((a, b), (b, a)) for point in one]
    return any(_distance(point, other) < _APART for point, other in pairs)


def _angle(a: tuple, b: tuple) -> float:
    """Returns the angle between the directions of two arrows, 0 to pi."""
    (x, y), (u, v) = a[1] - a[0], b[1] - b[0]
    return float(np.arccos(np.clip((x * u + y * v) / _length(a) / _length(b), -1, 1)))


def _distance(point: np.ndarray, arrow: tuple) -> float:
    """Returns how far a point lies from the nearest place of an arrow."""
    start, along = arrow[0], arrow[1] - arrow[0]
    share = np.clip((point - start) @ along / (along @ along), 0, 1)
    return float(np.hypot(*(point - start - share * along)))
