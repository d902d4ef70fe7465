"""What the predictor learns: the pool's objective, brought to a common scale."""

import numpy as np
from scipy import stats

from nao.controller import config as config_lib


def normalise(objective: np.ndarray, rule: str) -> np.ndarray:
    """Scales a pool's objective to training targets, order kept.

    Args:
        objective: float64 [num], finite, higher is better.
        rule: `min_max` to [0, 1]; `z_score` to mean 0 and standard deviation 1; `rank`
            to -1 for the worst and 1 for the best, evenly spaced, ties in the middle
            of their places.

    Returns:
        float32 [num]. A pool whose values all tie, a pool of one among them, gets the
        middle of the scale.

    Raises:
        ValueError: If the rule is unknown or a value is not finite.
    """
    objective = np.asarray(objective, np.float64)
    if rule not in config_lib.TARGETS:
        raise ValueError(
            f"Unknown target {rule!r}; known: {', '.join(config_lib.TARGETS)}."
        )
    if objective.ndim != 1 or not np.isfinite(objective).all():
        raise ValueError(f"objective must be finite and of rank 1, got {objective}.")
    # The released code divides by the pool's range, which is zero when all values tie.
    if not np.ptp(objective) if len(objective) else True:
        middle = 0.5 if rule == "min_max" else 0.0
        return np.full(len(objective), middle, np.float32)
    if rule == "min_max":
        scaled = (objective - objective.min()) / np.ptp(objective)
    elif rule == "z_score":
        scaled = (objective - objective.mean()) / objective.std()
    else:
        ranks = stats.rankdata(objective) - 1
        scaled = 2 * ranks / (len(objective) - 1) - 1
    return scaled.astype(np.float32)
