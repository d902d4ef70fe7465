"""Bayesian optimisation with a Gaussian process on an encoding of the architecture."""

import dataclasses
from typing import ClassVar

import numpy as np

from nao.fields import documented
from nao.strategies import process
from nao.strategies.surrogate import PredictFn, Surrogate, SurrogateConfig


@documented
@dataclasses.dataclass(frozen=True)
class GPConfig(SurrogateConfig):
    """Settings of the Gaussian process."""

    prefix: ClassVar[str] = "gp."


@dataclasses.dataclass(frozen=True)
class GP(Surrogate):
    """Asks scikit-learn's Gaussian process for the largest expected improvement."""

    config: GPConfig = dataclasses.field(default_factory=GPConfig)
    name: str = "gp"

    def _fit(
        self, rng: np.random.Generator, rows: np.ndarray, values: np.ndarray
    ) -> PredictFn:
        return process.fit(rows, values).predict
