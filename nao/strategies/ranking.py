"""What candidates of a round are ranked by, and how rankings are joined."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special

from nao.strategies.expectation import Expectation

_CERTAIN = 1e-12  # a standard deviation may be 0, and divides


def expected_improvement(
    mean: np.ndarray, deviation: np.ndarray, best: float
) -> np.ndarray:
    """Returns the expected improvement over `best` (Mockus, 1975).

    Args:
        mean: Of what each candidate may be, float64 [num]; higher is better.
        deviation: Standard deviations, of the same shape.
        best: What is to be improved on.

    Returns:
        float64 [num].
    """
    deviation = np.maximum(deviation, _CERTAIN)
    z = (mean - best) / deviation
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return deviation * (z * special.ndtr(z) + density)


def improvement_over(
    expect: Expectation, candidates: np.ndarray, measured: np.ndarray
) -> np.ndarray:
    """Returns the expected improvement of candidates over the best of what is measured.

    Over what it is expected to be without the noise of its evaluation.

    Args:
        expect: Of a single objective.
        candidates: int32 [num, length].
        measured: int32 [rows, length], the best among them.

    Returns:
        float64 [num].
    """
    mean, deviation = expect(candidates)
    best = expect(measured)[0].max()
    return expected_improvement(mean[:, 0], deviation[:, 0], best)


def ranked(
    candidates: np.ndarray,
    expected: Mapping[str, Expectation],
    measured: np.ndarray,
    process_turns: int,
) -> np.ndarray:
    """Returns candidates of a single objective by each expectation, in turn.

    Args:
        candidates: int32 [num, length].
        expected: Of `process` improvement counts, of `predictor` the mean alone:
            members of an ensemble agree where all of them err.
        measured: The best that is measured, int32 [rows, length].
        process_turns: How many the process chooses for each of the predictor's.

    Returns:
        Numbers of candidates, the most promising first, as `in_turn` has them.
    """
    orders = []
    for by, expect in expected.items():
        if by == "process":
            score = improvement_over(expect, candidates, measured)
        else:
            score = expect(candidates)[0][:, 0]
        orders.append(np.argsort(-score, kind="stable"))
    turns = [process_turns if by == "process" else 1 for by in expected]
    return in_turn(orders, turns)


def in_turn(orders: Sequence[np.ndarray], turns: Sequence[int] = ()) -> np.ndarray:
    """Returns rows in several orders, the next of each in turn.

    A search that follows one model stays where that model errs; of two that err in
    other ways one leads out (a portfolio; Hoffman et al., 2011).

    Args:
        orders: Numbers of rows, the best first, int [<=num] each.
        turns: How many rows of each order come in its turn; one if nothing is said.

    Returns:
        int [<=orders * num], so a row may stand in it several times.
    """
    parts = [
        [order[begin : begin + size] for begin in range(0, len(order), size)]
        for order, size in zip(orders, turns or [1] * len(orders), strict=True)
    ]
    nothing = np.zeros(0, int)
    rounds = itertools.zip_longest(*parts, fillvalue=nothing)
    return np.concatenate([nothing, *itertools.chain.from_iterable(rounds)])
