"""A Gaussian process, scikit-learn's, on rows that stand for architectures."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from nao.system import stages


class Process(NamedTuple):
    """A fitted process.

    Attributes:
        regressor: scikit-learn's GaussianProcessRegressor, of scaled values.
        mean: Of the values.
        scale: Their standard deviation; 1 where all tie.
    """

    regressor: Any
    mean: float
    scale: float

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and deviation of what evaluations give, float64 [num] each.

        Args:
            features: float [num, size].
        """
        mean, deviation = self.regressor.predict(features, return_std=True)
        return self.scale * mean + self.mean, self.scale * deviation

    @property
    def noise(self) -> float:
        """Standard deviation of an evaluation around what an architecture is worth."""
        return self.scale * np.sqrt(self.regressor.kernel_.k2.noise_level)


def fit(features: np.ndarray, values: np.ndarray) -> Process:
    """Fits a process whose length scale and noise are the likeliest.

    On one-hot rows its kernel is `rho ** d` for sequences that differ in d slots.

    Args:
        features: float [num, size].
        values: float64 [num].
    """
    # Imported here: scikit-learn takes a second, which not every strategy needs.
    from sklearn import exceptions, gaussian_process
    from sklearn.gaussian_process import kernels

    mean, scale = np.mean(values), np.std(values) or 1.0
    # Length scale and noise to begin with; fitting moves them to the likeliest.
    kernel = kernels.ConstantKernel() * kernels.RBF(2.0) + kernels.WhiteKernel(0.1)
    # `random_state`, for nothing may draw from NumPy's global generator.
    regressor = gaussian_process.GaussianProcessRegressor(kernel, random_state=0)
    # It warns of parameters at the end of their range, which serve all the same.
    with warnings.catch_warnings(), stages.stage("fitting the Gaussian process"):
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        return Process(regressor.fit(features, (values - mean) / scale), mean, scale)
