"""Which evaluated architectures are better, by several objectives and under bounds.

Non-dominated sorting with crowding distances, and bounds before objectives (Deb et al.,
2002, NSGA-II, sections III and VI).
"""

import numpy as np

from nao.controller import fronts
from nao.strategies.base import ColumnGoals


def fitness(values: np.ndarray, goals: ColumnGoals) -> np.ndarray:
    """Returns a number for each row, higher where it is better.

    What failed is worst; what breaks bounds comes before it, the less broken the
    better; then what keeps all, by its front and, within one, by how far its neighbours
    in the front are.

    Args:
        values: Columns, float64 [num, columns], NaN where the evaluation failed.
        goals: Objectives and bounds.

    Returns:
        float64 [num]; -inf where the evaluation failed.
    """
    broken = broken_by(values, goals)
    scores = values[:, : len(goals.objectives)]
    kept = np.flatnonzero(broken == 0)
    order = kept[front_order(scores[kept])]
    found = -np.nan_to_num(broken, nan=np.inf, posinf=np.inf)
    # From 1 up for the best of all, so that all are above what breaks a bound.
    found[order] = np.arange(len(order), 0, -1)
    return found


def broken_by(values: np.ndarray, goals: ColumnGoals) -> np.ndarray:
    """Returns how far rows [num, columns] are beyond bounds, float64 [num].

    As a share of each bound, summed up; 0 where all are kept, NaN of a failed row.
    """
    least, most = goals.bounds
    beyond = [np.maximum(values - most, 0), np.maximum(least - values, 0)]
    sizes = [np.where(np.isfinite(b) & (b != 0), np.abs(b), 1) for b in (most, least)]
    return sum((b / size).sum(-1) for b, size in zip(beyond, sizes, strict=True))


def front_order(scores: np.ndarray, num_fronts: int | None = None) -> np.ndarray:
    """Returns the rows [rows, objectives] by front and crowding, the best first.

    With one objective, by that; of equal rows the first comes first.

    Args:
        scores: float64 [rows, objectives], higher is better.
        num_fronts: How many fronts of several objectives, each of what the ones before
            leave; None for all.
    """
    if scores.shape[1] == 1:
        return np.argsort(-scores[:, 0], kind="stable")
    order: list[np.ndarray] = []
    left = np.arange(len(scores))
    while len(left) and (num_fronts is None or len(order) < num_fronts):
        is_front = fronts.is_optimal(scores[left])
        front = left[is_front]
        crowding = crowding_distances(scores[front])
        order.append(front[np.argsort(-crowding, kind="stable")])
        left = left[~is_front]
    return np.concatenate([np.zeros(0, int), *order])


def crowding_distances(scores: np.ndarray) -> np.ndarray:
    """Returns how far apart the neighbours of each row are, float64 [num].

    Summed over the objectives of a front [num, objectives], each as a share of its
    range; infinite at the ends.
    """
    distance = np.zeros(len(scores))
    for column in scores.T:
        order = np.argsort(column, kind="stable")
        inner = (column[order[2:]] - column[order[:-2]]) / (np.ptp(column) or 1.0)
        distance[order[1:-1]] += inner
        distance[order[[0, -1]]] = np.inf
    return distance
