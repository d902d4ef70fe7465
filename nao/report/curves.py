"""Numbers behind the charts of progress: best so far, random search, outliers."""

import numpy as np

from nao.controller import fronts
from nao.evaluators import Goals, Objective
from nao.runs import answers, ledger

_MOST_OUTSIDE = 0.2  # share of the trials that may lie outside the axis


def best_so_far(
    trials: list[ledger.Trial], objective: Objective, goals: Goals | None = None
) -> np.ndarray:
    """Returns the best objective up to each trial, as measured.

    Args:
        trials: In order of evaluation.
        objective: What was measured.
        goals: Those of the search; what breaks their bounds is never the best.

    Returns:
        float64 [num], NaN until one of the full budget succeeds.
    """
    signed = ledger.comparable(trials, objective)
    if goals is not None and goals.constraints:
        is_kept = goals.allows(answers.values(trials, goals))
        signed = np.where(is_kept, signed, np.nan)
    return objective.sign * np.fmax.accumulate(signed)


def hypervolumes(trials: list[ledger.Trial], goals: Goals) -> np.ndarray:
    """Returns the hypervolume of the front up to each trial.

    As a share of the box from the worst to the best that was measured of each
    objective; what breaks bounds counts for neither.

    Returns:
        float64 [num].
    """
    values = answers.values(trials, goals)
    scores = values[:, : len(goals.objectives)]
    is_kept = goals.allows(values)
    if not is_kept.any():
        return np.zeros(len(trials))
    worst, best = scores[is_kept].min(0), scores[is_kept].max(0)
    # Where all are alike, each fills its side of the box.
    sides = np.where(best > worst, best - worst, np.inf)
    scaled = np.where(best > worst, (scores - worst) / sides, 1.0)
    front, found = scaled[:0], np.zeros(len(trials))
    volume = 0.0
    for i, row in enumerate(scaled):
        if is_kept[i] and not (front >= row).all(-1).any():
            front = np.vstack([front, row])
            front = front[fronts.is_optimal(front)]
            volume = fronts.hypervolume(front, np.zeros(len(row)))
        found[i] = volume
    return found


def outside(values: np.ndarray, objective: Objective) -> np.ndarray:
    """Says which values [num] are so bad that an axis leaves them out, bool [num].

    Those further below the lower quartile than three times the interquartile range,
    Tukey's outer fence, but never more than a fifth of the trials (at least one).
    """
    signed = objective.sign * values
    known = np.sort(signed[~np.isnan(signed)])
    if len(known) < 4:
        return np.zeros(len(values), bool)
    low, high = np.quantile(known, (0.25, 0.75))
    # Where most trials tie, the spread of the better half has to do.
    spread = high - low or known[-1] - low
    if not spread:
        return np.zeros(len(values), bool)
    worst_kept = known[int(np.ceil(_MOST_OUTSIDE * len(known)))]
    return signed < min(low - 3 * spread, worst_kept)


def outside_both(scores: np.ndarray) -> np.ndarray:
    """Says which rows axes of a front leave out, bool [num]: see `outside`.

    Args:
        scores: Sign-corrected, float64 [num, 2], NaN where the evaluation failed.
    """
    columns = [outside(column, Objective("score")) for column in scores.T]
    return columns[0] | columns[1]


def expected_best(population: np.ndarray, num: int, objective: Objective) -> np.ndarray:
    """Returns what random search finds, on average, in 1 to `num` draws.

    Exact, for draws without repetition: of `size` values, the one of rank `i`, counted
    from the worst, is the best of `n` draws with probability `C(i-1, n-1) / C(size,
    n)`.

    Args:
        population: Objectives of all architectures there are, float64 [size], as
            measured.
        num: Number of draws.
        objective: What was measured.

    Returns:
        float64 [num]; beyond `size` draws, the best value.
    """
    signed = np.sort(objective.sign * population)
    rank = np.arange(1, len(signed) + 1)
    below = rank / len(signed)  # P(best of n draws <= value of that rank), n = 1
    means = np.full(num, signed[-1])
    for n in range(1, min(num, len(signed)) + 1):
        means[n - 1] = np.diff(below, prepend=0.0) @ signed
        if n < len(signed):
            below = below * np.maximum(rank - n, 0) / (len(signed) - n)
    return objective.sign * means
