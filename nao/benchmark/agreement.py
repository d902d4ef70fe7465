"""How well scores order architectures by their true values.

The measures of Yu et al., 2020 (arXiv:1902.08142) and of those who followed: of a
ranking as a whole, of its top, and of the one architecture that it puts first. Where
scores tie, nothing says which comes first: what depends on it is the mean over all
orders.
"""

from typing import NamedTuple

import numpy as np

from nao.controller import metrics
from nao.system import floats

_ONE_IN = 10  # architectures are among the best


class Agreement(NamedTuple):
    """How well scores order architectures; NaN where a measure has no value.

    Attributes:
        kendall_tau: Kendall's tau-b, in [-1, 1].
        spearman_rho: Spearman's rank correlation, in [-1, 1].
        kendall_tau_best: Tau-b of the best 10 % by true value alone.
        precision: Share of the top 10 % by score that are among the best 10 %.
        regret: How much better the best is than the one that scores put first.
        rank: Its rank by true value, 1 for the best.
    """

    kendall_tau: float
    spearman_rho: float
    kendall_tau_best: float
    precision: float
    regret: float
    rank: float


def agreement(scores: np.ndarray, true: np.ndarray) -> Agreement:
    """Compares scores with true values.

    Args:
        scores: float64 [num], finite, a higher one for what should be better.
        true: float64 [num], finite, higher is better.

    Raises:
        ValueError: If they are fewer than two, or of other lengths.
    """
    tau = metrics.kendall_tau(true, scores)  # refuses other lengths
    if len(true) < 2:
        raise ValueError(f"A ranking needs 2 architectures, got {len(true)}.")
    best, first = among_best(true), scores == scores.max()
    return Agreement(
        tau,
        metrics.spearman_rho(true, scores),
        metrics.kendall_tau(true[best], scores[best]),
        precision_at(num_best(len(true)), scores, best),
        float(true.max()) - floats.mean(true[first]),
        float(np.mean([1 + (true > value).sum() for value in true[first]])),
    )


def num_best(num: int) -> int:
    """Returns how many of so many architectures a tenth is, at least one."""
    return -(-num // _ONE_IN)


def among_best(true: np.ndarray) -> np.ndarray:
    """Says which are the best 10 %, and what ties with the last of them, bool [num]."""
    return true >= np.sort(true)[-num_best(len(true))]


def precision_at(k: int, scores: np.ndarray, best: np.ndarray) -> float:
    """Returns the share of the `k` highest scores whose architectures are good ones.

    Args:
        k: How many, from 1 to num.
        scores: float64 [num]; of those that tie for the last places each is as likely.
        best: Which are good, bool [num].
    """
    last = np.sort(scores)[-k]
    above, tied = scores > last, scores == last
    hits = best[above].sum() + (k - above.sum()) * best[tied].mean()
    return float(hits / k)
