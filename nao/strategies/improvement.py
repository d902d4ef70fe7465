"""What a candidate is expected to add to the best that is known."""

import numpy as np
from scipy import special

_CERTAIN = 1e-12  # a standard deviation may be 0, and divides


def expected(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
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
