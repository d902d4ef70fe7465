"""Numbers behind the charts of progress: best so far, random search, outliers."""

import numpy as np

from nao.evaluators import Objective
from nao.runs import ledger

_MOST_OUTSIDE = 0.2  # share of the trials that may lie outside the axis


def best_so_far(trials: list[ledger.Trial], objective: Objective) -> np.ndarray:
    """Returns the best objective up to each trial, as measured.

    Returns:
        float64 [num], NaN until one of the full budget succeeds.
    """
    signed = ledger.comparable(trials, objective)
    return objective.sign * np.fmax.accumulate(signed)


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
