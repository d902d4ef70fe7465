"""Paths on a chart that can be told apart, in the unit of its drawing."""

from collections.abc import Sequence

import numpy as np


def settled(path: np.ndarray, reach: float) -> np.ndarray:
    """Merges the last points of a path [num, 2], where it moves about in one place.

    Args:
        path: Its points, the start first.
        reach: How far from their mean the points that are merged may lie.

    Returns:
        The path up to these points, then their mean; at least its two ends.
    """
    for first in range(1, len(path)):
        rest = path[first:]
        middle = rest.mean(0)
        if _lengths(rest - middle).max() <= reach:
            return np.concatenate([path[:first], middle[None]])
    return path


def apart(
    paths: Sequence[np.ndarray], occupied: np.ndarray, distance: float
) -> list[np.ndarray]:
    """Shortens paths until their ends keep a distance from each other.

    Args:
        paths: Points of each path, [num, 2].
        occupied: Places that no path shall end at, [num_places, 2].
        distance: How far ends stay from these and from the ends before them. A path
            that has no such place keeps its end.

    Returns:
        The paths, in their order.
    """
    taken, found = [*occupied], []
    for path in paths:
        places = _backwards(path)
        free = (
            i
            for i, place in enumerate(places)
            if all(np.hypot(*(place - other)) >= distance for other in taken)
        )
        at = next(free, 0)
        found.append(_cut(path, places[at]) if at else path)
        taken.append(found[-1][-1])
    return found


def _backwards(path: np.ndarray, step: float = 2.0) -> np.ndarray:
    """Returns places along a path, from its end to its start, `step` apart."""
    lengths = _lengths(np.diff(path, axis=0))
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.arange(at[-1], 0, -step) if at[-1] > 0 else at[-1:]
    return np.stack([np.interp(places, at, column) for column in path.T], axis=1)


def _cut(path: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Returns the path up to one of its places."""
    lengths = _lengths(np.diff(path, axis=0))
    for first in range(len(path) - 1):
        before, after = (_lengths(path[i][None] - end)[0] for i in (first, first + 1))
        if abs(before + after - lengths[first]) < 1e-6:
            return np.concatenate([path[: first + 1], end[None]])
    return path


def _lengths(vectors: np.ndarray) -> np.ndarray:
    return np.hypot(*vectors.T)
