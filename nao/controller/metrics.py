"""How well a controller predicts and reconstructs; on the host, in numpy."""

from collections.abc import Callable

import numpy as np


def kendall_tau(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Returns Kendall's tau-b of two rows of values [num].

    Returns:
        In [-1, 1]; NaN with fewer than two values, with a NaN among them, or where
        either is constant.

    Raises:
        ValueError: If the rows are not of equal length.
    """
    from scipy import stats  # Only here: it takes a while, and children don't need it.

    return _correlation(stats.kendalltau, actual, predicted)


def spearman_rho(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the correlation of the ranks of two rows of values [num].

    Values that tie have the mean of their ranks. Takes and returns what `kendall_tau`
    does.
    """
    from scipy import stats

    return _correlation(stats.spearmanr, actual, predicted)


def _correlation(
    correlate: Callable, actual: np.ndarray, predicted: np.ndarray
) -> float:
    actual, predicted = np.asarray(actual), np.asarray(predicted)
    if actual.shape != predicted.shape or actual.ndim != 1:
        raise ValueError(
            "actual and predicted must be of rank 1 and equal length, got shapes "
            f"{actual.shape} and {predicted.shape}."
        )
    if len(actual) < 2 or np.isnan(actual).any() or np.isnan(predicted).any():
        return float("nan")
    if (actual == actual[0]).all() or (predicted == predicted[0]).all():
        return float("nan")
    return float(correlate(actual, predicted).statistic)


def pairwise_accuracy(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the share of pairs that both rows of values [num] order alike.

    A pair tied in either row counts half, so a constant predictor scores 0.5. The
    released code counts ties one way, which scores a constant predictor 1 on a pool
    sorted best first.

    Returns:
        Fraction in [0, 1]; NaN with fewer than two values or with a NaN among them.

    Raises:
        ValueError: If the rows are not of equal length.
    """
    actual, predicted = np.asarray(actual), np.asarray(predicted)
    tau = kendall_tau(actual, predicted)
    num_pairs = len(actual) * (len(actual) - 1) / 2
    if np.isnan(tau):
        is_defined = num_pairs and not np.isnan([actual, predicted]).any()
        return 0.5 if is_defined else float("nan")
    # tau-b is (agreeing - swapped) / sqrt(untied pairs in one * untied in the other).
    untied = [num_pairs - _num_tied_pairs(values) for values in (actual, predicted)]
    balance = tau * np.sqrt(untied[0]) * np.sqrt(untied[1])
    return float(0.5 + np.rint(balance) / (2 * num_pairs))


def _num_tied_pairs(values: np.ndarray) -> float:
    """Counts the pairs of equal values."""
    counts = np.unique(values, return_counts=True)[1].astype(float)
    return float(np.sum(counts * (counts - 1) / 2))


def reconstruction_accuracy(tokens: np.ndarray, decoded: np.ndarray) -> float:
    """Returns the share of tokens that greedy free-running decoding reproduces.

    Args:
        tokens: int32 [num, length], encoded.
        decoded: int32 [..., num, length], what came back.

    Returns:
        Fraction in [0, 1] of single tokens, not of whole sequences; NaN without rows.
    """
    tokens, decoded = _checked(tokens, decoded)
    return float(np.mean(tokens == decoded)) if decoded.size else float("nan")


def hamming_distance(tokens: np.ndarray, decoded: np.ndarray) -> float:
    """Returns the mean number of differing tokens per sequence; NaN without rows.

    Takes what `reconstruction_accuracy` takes.
    """
    tokens, decoded = _checked(tokens, decoded)
    return float(np.mean((tokens != decoded).sum(-1))) if decoded.size else float("nan")


def _checked(tokens: np.ndarray, decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tokens, decoded = np.asarray(tokens), np.asarray(decoded)
    if tokens.ndim != 2 or decoded.shape[-2:] != tokens.shape:
        raise ValueError(
            "decoded must end in the shape of tokens, [num, length], got shapes "
            f"{decoded.shape} and {tokens.shape}."
        )
    return tokens, decoded
