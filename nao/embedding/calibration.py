"""How far to trust predicted targets, by architectures that a fit had not seen.

The loss that ranks pairs says nothing of the unit of predictions, so they spread
farther than targets do: the best of a pool of 150 cells, whose target is 1, is
predicted at 1.25, and unseen cells at up to 1.6.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from nao.controller.targets import Scale

_COVERAGE = 0.8  # share of true targets that an interval of this share holds
_PRIOR = (
    1.0  # rows of evidence, one target from the middle, for predictions as they are
)
_LEAST_SLOPE = 0.1  # what is predicted to be better stays better


class Calibration(NamedTuple):
    """How predicted targets of one objective relate to true ones.

    Attributes:
        shift: What to add to predictions at the middle of the scale.
        slope: True targets per predicted target, counted from the middle.
        width: Standard deviation of true targets around calibrated ones at the middle
            of the scale; `Scale.error_share` says what is left of it elsewhere.
    """

    shift: float = 0.0
    slope: float = 1.0
    width: float = 0.0

    def apply(self, targets: np.ndarray, scale: Scale) -> np.ndarray:
        """Maps predicted targets to what the true ones are on average."""
        return scale.middle + self.shift + self.slope * (targets - scale.middle)

    def invert(self, targets: np.ndarray, scale: Scale) -> np.ndarray:
        """Maps true targets to what would have to be predicted."""
        return scale.middle + (targets - scale.middle - self.shift) / self.slope

    def std(self, targets: np.ndarray, spread: np.ndarray, scale: Scale) -> np.ndarray:
        """Returns how far off calibrated targets may be.

        Args:
            targets: Calibrated targets.
            spread: Standard deviation over the members, as predicted.
            scale: The scale of the targets.
        """
        return np.hypot(self.slope * spread, self.width * scale.error_share(targets))


def fit(predicted: np.ndarray, target: np.ndarray, scale: Scale) -> Calibration:
    """Learns a calibration.

    A straight line by least squares, drawn towards leaving predictions as they are.
    The width is such that intervals of 80 % would have held that share of these rows.

    Args:
        predicted: Mean of the members' targets, float [num], at architectures that the
            fit had not seen.
        target: Their true targets, float [num].
        scale: The scale of the targets.
    """
    x = np.asarray(predicted, np.float64) - scale.middle
    y = np.asarray(target, np.float64) - scale.middle
    if not len(x):
        return Calibration()
    columns = np.stack([np.ones_like(x), x], 1)
    prior = _PRIOR * np.eye(2)
    shift, slope = np.linalg.solve(
        columns.T @ columns + prior, columns.T @ y + prior @ [0.0, 1.0]
    )
    if slope < _LEAST_SLOPE:
        slope = _LEAST_SLOPE
        shift = (y - slope * x).sum() / (len(x) + _PRIOR)
    line = Calibration(float(shift), float(slope))
    place = line.apply(predicted, scale)
    errors = np.abs(target - place) / scale.error_share(place)
    return line._replace(width=_width(errors))


def _width(errors: np.ndarray) -> float:
    """Returns the deviation whose intervals hold the share of errors [num] they name.

    A row more, the next one to be predicted, makes it the conformal quantile (Vovk et
    al., 2005).
    """
    share = min(1.0, _COVERAGE * (len(errors) + 1) / len(errors))
    edge = np.quantile(errors, share, method="higher")
    deviations = special.ndtri((1 + _COVERAGE) / 2)
    # Where most errors vanish, those that do not still count.
    return float(edge / deviations or np.sqrt((errors**2).mean()))
