"""Several objectives at once: Pareto optimality, hypervolumes, spread-out weights."""

import itertools

import numpy as np


def is_optimal(scores: np.ndarray) -> np.ndarray:
    """Says which rows no other row dominates; of equal rows, the first counts.

    Args:
        scores: float [num, objectives], higher is better.

    Returns:
        bool [num].
    """
    scores = np.asarray(scores, np.float64)
    # First objective falling, ties by the next ones: whatever dominates a row comes
    # before it, so each row is compared with those kept so far alone.
    order = np.lexsort(-scores.T[::-1])
    kept: list[int] = []
    for row in order:
        if not (scores[kept] >= scores[row]).all(-1).any():
            kept.append(int(row))
    optimal = np.zeros(len(scores), bool)
    optimal[kept] = True
    return optimal


def hypervolume(scores: np.ndarray, reference: np.ndarray) -> float:
    """Returns the volume that rows dominate above a reference point.

    By slices along the last objective (While et al., 2006).

    Args:
        scores: float [num, objectives], higher is better.
        reference: float [objectives]; a row adds volume only if it is above the
            reference in every objective.
    """
    scores, reference = np.asarray(scores, np.float64), np.asarray(reference)
    scores = scores[(scores > reference).all(-1)] - reference
    return _volume(scores)


def gains(front: np.ndarray, rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the hypervolume that each row would add to a front.

    Args:
        front: float [num, objectives], higher is better.
        rows: float [rows, objectives].
        reference: float [objectives]; only what is above it counts.

    Returns:
        float64 [rows].
    """
    if rows.shape[1] == 2:
        return _gains_of_two(front, rows, reference)
    before, found = hypervolume(front, reference), np.zeros(len(rows))
    # What the front dominates adds nothing, and that is most.
    is_inside = (front[:, None] >= rows).all(-1).any(0)
    for i in np.flatnonzero(~is_inside):
        found[i] = hypervolume(np.vstack([front, rows[i]]), reference) - before
    return found


def _gains_of_two(
    front: np.ndarray, rows: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Returns the gains of two objectives, all rows at once.

    Along the first objective, the height of what the front dominates is constant
    between one member and the next.
    """
    front = np.maximum(front, reference)
    front = front[np.argsort(front[:, 0], kind="stable")]
    edges = np.concatenate([reference[:1], front[:, 0], [np.inf]])
    heights = np.maximum.accumulate(np.append(front[:, 1], reference[1])[::-1])[::-1]
    widths = np.clip(np.minimum(rows[:, :1], edges[1:]) - edges[:-1], 0, None)
    return (widths * np.clip(rows[:, 1:] - heights, 0, None)).sum(-1)


def _volume(scores: np.ndarray) -> float:
    """Returns the volume that positive rows [num, objectives] dominate above 0."""
    if not len(scores):
        return 0.0
    if scores.shape[1] == 1:
        return float(scores.max())
    scores = scores[np.argsort(-scores[:, -1], kind="stable")]
    ends = np.append(scores[1:, -1], 0.0)
    # Between the heights of rows i and i + 1, the slice is dominated by rows 0 to i.
    return sum(
        (height - end) * _volume(scores[: i + 1, :-1])
        for i, (height, end) in enumerate(zip(scores[:, -1], ends, strict=True))
        if height > end
    )


def directions(num_objectives: int, num: int) -> np.ndarray:
    """Returns evenly spread weights of objectives.

    All ways to share out a number of equal parts among the objectives (Das & Dennis,
    1998), with as few parts as give enough rows.

    Args:
        num_objectives: At least 1.
        num: How many are needed at least; with one objective, only one exists.

    Returns:
        float64 [at least num, num_objectives]; each row sums to 1.
    """
    for parts in itertools.count(1):
        # Parts and `num_objectives - 1` cuts between them stand in a row; an
        # objective's share is the number of parts between its two cuts.
        cuts = itertools.combinations(
            range(parts + num_objectives - 1), num_objectives - 1
        )
        ends = np.array([(-1, *cut, parts + num_objectives - 1) for cut in cuts])
        weights = (np.diff(ends) - 1) / parts
        if len(weights) >= num or num_objectives == 1:
            return weights
