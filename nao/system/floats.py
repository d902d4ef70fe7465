"""Means and deviations of numbers near the ends of float64.

Their differences, squares and sums overflow. In between all is as NumPy has it.
"""

import numpy as np


def unit(values: np.ndarray) -> float:
    """Returns a power of two to divide values by where they are very large or small.

    In between it is 1, and dividing by a power of two loses nothing.

    Args:
        values: float64 of any shape, none of them infinite; NaN is passed over.
    """
    known = np.abs(values[~np.isnan(values)])
    largest = known.max(initial=0.0)
    if not largest or 1e-100 < largest < 1e100:
        return 1.0
    # Of the least numbers there is no such power: 2**-1022 is the least normal one.
    return float(2.0 ** max(int(np.frexp(largest)[1]) - 1, -1022))


def mean(values: np.ndarray) -> float:
    """Returns the mean of float64 values [num], num at least 1."""
    scale = unit(values)
    return float((values / scale).mean() * scale)


def deviation(values: np.ndarray) -> float:
    """Returns the standard deviation of a sample, float64 [num], num at least 2.

    It is inf where it lies beyond float64 itself.
    """
    scale = unit(values)
    with np.errstate(over="ignore"):
        return float((values / scale).std(ddof=1) * scale)
