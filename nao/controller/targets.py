"""What the predictor learns: the pool's objective, brought to a common scale."""

from typing import NamedTuple

import numpy as np

from nao.controller import config as config_lib
from nao.system import floats

_EDGE = 0.2  # a tenth of the places of `rank`, from -1 to 1
_FARTHEST = 1e15  # target of any value: its square is a number in float32, too


def normalise(objective: np.ndarray, rule: str) -> np.ndarray:
    """Scales a pool's objective to training targets, order kept.

    Args:
        objective: float64 [num], finite, higher is better.
        rule: `min_max` to [0, 1]; `z_score` to mean 0 and standard deviation 1; `rank`
            to -1 for the worst and 1 for the best, evenly spaced, ties in the middle
            of their places.

    Returns:
        float32 [num]. A pool whose values all tie, such as a pool of one, gets the
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
    objective = objective / floats.unit(objective)  # no rule depends on the unit
    # The released code divides by the pool's range, which is zero when all values tie.
    if not len(objective) or not np.ptp(objective):
        middle = 0.5 if rule == "min_max" else 0.0
        return np.full(len(objective), middle, np.float32)
    if rule == "min_max":
        scaled = (objective - objective.min()) / np.ptp(objective)
    elif rule == "z_score":
        scaled = (objective - objective.mean()) / objective.std()
    else:
        from scipy import stats  # Only here: it takes a while.

        ranks = stats.rankdata(objective) - 1
        scaled = 2 * ranks / (len(objective) - 1) - 1
    return scaled.astype(np.float32)


class Scale(NamedTuple):
    """How the targets of a pool and the values they came from map to each other.

    For `min_max` and `z_score` a straight line, which goes on beyond the pool. For
    `rank` the quantiles of the pool: a target is a place among what was measured.
    Beyond the best and the worst measured value the line of the outermost tenth goes
    on and levels off, since a pool says little of what lies beyond its ends.

    Attributes:
        targets: float64 [knots], increasing.
        values: float64 [knots], increasing or decreasing.
        rule: One of `config.TARGETS`.
        maximize: Whether the values increase.
    """

    targets: np.ndarray
    values: np.ndarray
    rule: str
    maximize: bool = True

    def to_values(self, targets: np.ndarray) -> np.ndarray:
        """Maps targets to the unit of the values, float64 of the same shape."""
        reach = _EDGE if self.rule == "rank" else np.inf
        return self._line(targets, reach)

    def to_deviations(self, targets: np.ndarray, std: np.ndarray) -> np.ndarray:
        """Maps standard deviations of targets to the unit of the values.

        Args:
            targets: What the deviations are around; a scale need not be straight.
            std: Of the same shape, not negative.

        Returns:
            float64 of the same shape: half of what lies between the values one
            deviation below and above. Beyond the pool nothing levels off here, so
            where nothing was measured a deviation does not vanish.
        """
        targets = np.asarray(targets, np.float64)
        ends = [self._line(end, np.inf) for end in (targets - std, targets + std)]
        return np.abs(ends[1] / 2 - ends[0] / 2)

    def error_share(self, targets: np.ndarray) -> np.ndarray:
        """Returns how large errors of targets are, as a share of those in the middle.

        A place between the worst (-1) and the best (1) leaves an error less room the
        nearer it is to an end, as `sqrt(1 - place**2)` for a share of what was measured
        (the deviation of a Beta distribution). Within the outermost tenth, where few
        errors are known, the share is that at its middle.
        """
        targets = np.asarray(targets, np.float64)
        if self.rule != "rank":
            return np.ones_like(targets)
        place = np.minimum(np.abs(targets), 1 - _EDGE / 2)
        return np.sqrt(1 - place**2)

    def _line(self, targets: np.ndarray, reach: float) -> np.ndarray:
        """Interpolates; beyond the ends, targets level off after `reach`."""
        targets = np.asarray(targets, np.float64)
        below, above = _parts_beyond(targets, self.targets)
        low, high = self._end_slopes()
        level = [
            part if reach == np.inf else part / (1 + np.abs(part) / reach)
            for part in (below, above)
        ]
        unit = floats.unit(self.values)
        values = np.interp(targets, self.targets, self.values / unit)
        values = values + low * level[0] + high * level[1]
        most = np.finfo(np.float64).max / max(unit, 1.0)
        return unit * np.clip(values, -most, most)

    def _end_slopes(self) -> tuple[float, float]:
        """Returns scaled values per target below the first knot and above the last."""
        knots, last = self.targets, len(self.targets) - 1
        if not last:
            return 0.0, 0.0  # all values tie
        low, high = last, 0  # the straight line's own slope
        if self.rule == "rank":
            # The outermost tenth, and of a small pool at least a step.
            low = max(np.searchsorted(knots, knots[0] + _EDGE, "right") - 1, 1)
            high = min(np.searchsorted(knots, knots[-1] - _EDGE), last - 1)
        return self._slope(0, low), self._slope(high, last)

    def _slope(self, first: int, second: int) -> float:
        unit = floats.unit(self.values)
        rise = self.values[second] / unit - self.values[first] / unit
        return rise / (self.targets[second] - self.targets[first])

    def to_targets(self, values: np.ndarray) -> np.ndarray:
        """Maps values to targets, float64 of the same shape.

        Values beyond the pool map beyond its targets, also for `rank`, so a bound
        outside the measured range still constrains.
        """
        unit = floats.unit(self.values)
        knots = self.values[:: self._sign] / unit
        # What overflows lies beyond the pool in any unit, and is cut below.
        with np.errstate(over="ignore"):
            values = np.asarray(values, np.float64) / unit
        targets = np.interp(values, knots, self.targets[:: self._sign])
        # Where the pool's values all tie there is no slope to go on with; with 1,
        # better values still get higher targets.
        slope = (np.ptp(self.targets) or 1.0) / (np.ptp(knots) or 1.0)
        targets = targets + self._sign * slope * _beyond(values, knots)
        return np.clip(targets, -_FARTHEST, _FARTHEST)

    def check(self) -> None:
        """Checks that targets and values can be interpolated.

        Raises:
            ValueError: If there are none, or they are out of order.
        """
        steps = self._sign * np.diff(self.values)
        if not (np.diff(self.targets) > 0).all() or not (steps >= 0).all():
            raise ValueError("targets and values of a scale must be in order.")
        if not self.targets.size or self.targets.shape != self.values.shape:
            raise ValueError("A scale needs as many targets as values.")

    @property
    def middle(self) -> float:
        """The target in the middle of the scale."""
        return 0.5 if self.rule == "min_max" else 0.0

    @property
    def _sign(self) -> int:
        """Whether values rise (1) or fall (-1) with the targets."""
        return 1 if self.maximize else -1


def scale(values: np.ndarray, rule: str, maximize: bool = True) -> Scale:
    """Returns the scale of `normalise(values, rule)`.

    Args:
        values: float64 [num], finite, as measured; at least one.
        rule: See `normalise`.
        maximize: Whether higher is better; otherwise higher values have lower targets.

    Raises:
        ValueError: If the rule is unknown or a value is not finite.
    """
    values = np.asarray(values, np.float64)
    targets = normalise(values if maximize else -values, rule)
    targets, first = np.unique(targets.astype(np.float64), return_index=True)
    return Scale(targets, values[first], rule, maximize)


def _beyond(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Returns how far values lie before the first knot (negative) or after the last."""
    return sum(_parts_beyond(np.asarray(x, np.float64), knots))


def _parts_beyond(x: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how far values lie before the first knot (negative), after the last."""
    return np.minimum(x - knots[0], 0), np.maximum(x - knots[-1], 0)
