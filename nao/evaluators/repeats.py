"""How much of a measured value is the architecture, and how much is noise.

Several architectures are measured several times each, and the values are modelled as
`value[i, j] = mean + architecture[i] + noise[i, j]`, all normal: a one-way
random-effects analysis of variance (Searle, Casella and McCulloch, Variance Components,
1992, chapter 3). Higher values are better; those of a loss are given negated.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from nao.controller import metrics


class Components(NamedTuple):
    """What a measured value is made of.

    Attributes:
        mean: Mean over all architectures.
        between: Standard deviation of the architectures' true values, without noise.
        within: Standard deviation of repeated measurements of one architecture.
    """

    mean: float
    between: float
    within: float

    @property
    def reliability(self) -> float:
        """Share of the variance of one measurement that is the architecture.

        Also the correlation of two measurements; NaN where all values are equal.
        """
        total = self.between**2 + self.within**2
        return self.between**2 / total if total else math.nan


def components(values: np.ndarray) -> Components:
    """Splits the variance of measurements into architecture and noise.

    Args:
        values: float64 [num architectures, num repeats], two or more of both.

    Raises:
        ValueError: If they are fewer, or not finite.
    """
    values = _checked(values)
    between, within = _covariances(values, values)
    # The estimate of a small variance may be negative.
    return Components(values.mean(), math.sqrt(max(between, 0.0)), math.sqrt(within))


def components_after_choice(
    first: np.ndarray, again: Sequence[tuple[float, Sequence[float]]]
) -> Components:
    """Splits the variance where only chosen architectures were measured again.

    Those with the best first values were, say, so their first values are lucky ones,
    which the analysis of variance would take for noise. What followed is not, given the
    first value: an architecture's true value is then normal with mean `mean + r (first
    - mean)` and variance `r (1 - r) total`, `r` the reliability. Mean and total
    variance are those of all first values; `r` is the one that makes what followed most
    likely.

    Args:
        first: First measurement of every architecture, float64 [num], two or more.
        again: Of each that was measured again, the first and the other measurements.

    Raises:
        ValueError: If there are fewer, or some are not finite.
    """
    values = np.concatenate([first, *([start, *others] for start, others in again)])
    if len(first) < 2 or not again or not np.isfinite(values).all():
        raise ValueError(
            "Measurements must be finite, of two architectures or more, one of them "
            f"measured again, got {len(first)} and {len(again)}."
        )
    mean, total = float(np.mean(first)), float(np.var(first, ddof=1))
    starts = np.array([start for start, _ in again], np.float64)
    nums = np.array([len(others) for _, others in again])
    means = np.array([np.mean(others) for _, others in again])
    # How far further measurements of an architecture lie around their own mean.
    around = np.array([np.var(others) for _, others in again]) * nums
    if not (around.any() or (means != starts).any()):
        return Components(mean, math.sqrt(total), 0.0)
    if not total:
        squares = around.sum() + nums @ (means - starts) ** 2
        return Components(mean, 0.0, math.sqrt(squares / nums.sum()))
    shares = _SHARES[:, None]
    reliability, noise = 1 - shares, shares * total
    variance = noise * (reliability + 1 / nums)  # of their mean, given the first
    squares = (means - mean - reliability * (starts - mean)) ** 2 / variance
    squares += around / noise
    minus_log = np.log(variance) + (nums - 1) * np.log(noise) + squares
    noise = float(_SHARES[minus_log.sum(1).argmin()]) * total
    return Components(mean, math.sqrt(max(total - noise, 0.0)), math.sqrt(noise))


# Shares of noise in the variance that are tried: 4.7 % apart, down to next to none.
_SHARES = np.geomspace(1e-12, 1.0, 601)


def agreement(values: np.ndarray) -> tuple[float, float]:
    """Returns Kendall's tau between two repeats, and its standard error.

    The mean over all pairs of repeats; the error is the jackknife's, which leaves out
    an architecture at a time, so it needs three of them.

    Args:
        values: float64 [num architectures, num repeats], as in `components`.

    Raises:
        ValueError: If they are fewer, or not finite.
    """
    values = _checked(values)
    num = len(values)
    without = [_tau(np.delete(values, i, axis=0)) for i in range(num)]
    return _tau(values), math.sqrt((num - 1) * np.var(without))


def expected_choice(
    true: np.ndarray, num: int, chosen_by: np.ndarray | None = None
) -> float:
    """Returns the expected true value of the best of `num` random architectures.

    The expectation of the concomitant of the largest of normal variables, `mean + r *
    between * E[largest]` (David and Nagaraja, Order Statistics, 2003, section 6.8),
    where `r` is the correlation of the true value with the number chosen by.

    Args:
        true: Measurements whose true values count, float64 [num architectures, num
            repeats].
        num: How many architectures there are to choose from.
        chosen_by: Measurements of what the best is chosen by, of the same shape, one of
            them for each architecture; None for the true value itself.

    Raises:
        ValueError: If the shapes differ, or see `components`.
    """
    mean, between, _ = components(true)
    if chosen_by is None:
        return mean + between * largest_of_normals(num)
    if np.shape(chosen_by) != np.shape(true):
        raise ValueError(
            "Measurements to choose by must have the shape of the true ones, got "
            f"{np.shape(chosen_by)} and {np.shape(true)}."
        )
    _, *deviations = components(chosen_by)
    shared, _ = _covariances(_checked(true), _checked(chosen_by))
    deviation = math.hypot(*deviations)
    # With nothing to tell architectures by, the choice is any of them.
    slope = shared / deviation if deviation else 0.0
    return mean + slope * largest_of_normals(num)


@functools.cache
def largest_of_normals(num: int) -> float:
    """Returns the expected largest of `num` independent standard normal variables."""
    from scipy import integrate  # Only here: it takes a while.

    def share(x):
        return x * num * special.ndtr(x) ** (num - 1) * math.exp(-x * x / 2)

    largest, _ = integrate.quad(share, -12, 12)
    return largest / math.sqrt(2 * math.pi)


def _covariances(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Returns the covariances of two measurements between and within architectures.

    The estimates of the analysis of variance, from mean products instead of squares;
    of a measurement with itself they are its variance components.
    """
    num, repeats = first.shape
    means = [values.mean(1, keepdims=True) for values in (first, second)]
    rests = [values - mean for values, mean in zip((first, second), means, strict=True)]
    within = np.vdot(*rests) / (num * (repeats - 1))
    of_means = np.vdot(*(mean - mean.mean() for mean in means)) / (num - 1)
    return float(of_means - within / repeats), float(within)


def _tau(values: np.ndarray) -> float:
    pairs = itertools.combinations(values.T, 2)
    return float(np.mean([metrics.kendall_tau(*pair) for pair in pairs]))


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        raise ValueError(
            "Repeated measurements must be finite, of two architectures or more, twice "
            f"or more each, got shape {values.shape}."
        )
    return values
