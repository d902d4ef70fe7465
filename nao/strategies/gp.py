"""Bayesian optimisation with a Gaussian process and expected improvement.

The process is scikit-learn's, on an encoding of the architecture; Mockus (1975) and
Jones et al. (1998) for expected improvement.
"""

import dataclasses
import functools

import numpy as np

from nao.fields import check_at_least, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base, encodings, process, ranking
from nao.strategies.unseen import Unseen
from nao.system import floats
from nao.types import Array


@documented
@dataclasses.dataclass(frozen=True)
class GPConfig:
    """Settings of the Gaussian process."""

    num_seed_archs: int = option(10, "Architectures of the first, random round.")
    round_size: int = option(5, "Architectures of every later round.")
    encoding: str = option("features", encodings.HELP)
    num_candidates: int = option(
        1000, "Random architectures among the candidates that a round is chosen from."
    )
    num_parents: int = option(
        10, "Best architectures whose one-slot neighbours are candidates; 0 for none."
    )

    def __post_init__(self):
        check_types(self, "gp.")
        check_at_least(1, self, "num_seed_archs", "round_size", "num_candidates")
        check_at_least(0, self, "num_parents")
        encodings.check(self.encoding)


@dataclasses.dataclass(frozen=True)
class GP(base.PoolStrategy):
    """Asks for the candidates of the largest expected improvement."""

    space: Space
    config: GPConfig = dataclasses.field(default_factory=GPConfig)
    deduplicate: str = "canonical"
    name: str = "gp"

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Draws the first round at random, and models the pool for the others."""
        config, pool = self.config, state.pool.succeeded()
        rng = base.numpy_rng(key)
        unseen = Unseen(self.space, self.deduplicate, state.pool.tokens)
        num = base.num_at_random(state.pool, config.num_seed_archs, config.round_size)
        if num:
            return unseen.draw(rng, num), state._replace(predicted=None)
        # Neighbours of the best, where improvement is likely; random ones, to explore.
        near = [self.space.neighbours(row) for row in pool.best(config.num_parents)]
        candidates = np.concatenate(
            [*near, self.space.sample(rng, config.num_candidates)]
        )
        candidates = unseen.take(candidates)
        if not len(candidates):  # a small space, nearly used up
            return unseen.draw(rng, config.round_size), state._replace(predicted=None)
        mean, deviation = self._predict(pool, candidates)
        # In the unit of `mean`: squares of numbers near the ends of float64 overflow.
        best = pool.objective.max() / floats.unit(pool.objective)
        gains = ranking.expected_improvement(mean, deviation, best)
        chosen = np.argsort(-gains, kind="stable")[: config.round_size]
        return candidates[chosen], state._replace(predicted=mean[chosen])

    def _predict(
        self, pool: base.Pool, candidates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and standard deviation of the candidates, float64 [num] each.

        Both are divided by the objective's `floats.unit`.
        """
        read = functools.partial(encodings.encode, self.space, self.config.encoding)
        values = pool.objective / floats.unit(pool.objective)
        return process.fit(read(pool.tokens), values).predict(read(candidates))
