"""Searches that ask a surrogate, a model of the pool, for expected improvement.

Neighbours of the best and random architectures are candidates; a round is those of the
largest expected improvement (Mockus, 1975; Jones et al., 1998).
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from nao.fields import check_at_least, check_choice, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base, encodings, ranking
from nao.strategies.unseen import Unseen
from nao.system import floats
from nao.types import Array

# From encodings, float32 [num, size], to mean and standard deviation of what each may
# be worth, float64 [num] both.
PredictFn = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@documented
@dataclasses.dataclass(frozen=True)
class SurrogateConfig:
    """What searches by a surrogate have in common."""

    prefix: ClassVar[str]  # of the fields' names in messages

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
        check_types(self, self.prefix)
        counts = ("num_seed_archs", "round_size", "num_candidates")
        check_at_least(1, self, *counts, prefix=self.prefix)
        check_at_least(0, self, "num_parents", prefix=self.prefix)
        check_choice(f"{self.prefix}encoding", self.encoding, encodings.ENCODINGS)


@dataclasses.dataclass(frozen=True)
class Surrogate(base.PoolStrategy, abc.ABC):
    """Asks for the candidates of the largest expected improvement."""

    space: Space
    config: Any
    deduplicate: str = "canonical"
    name: str = "surrogate"

    @abc.abstractmethod
    def _fit(
        self, rng: np.random.Generator, rows: np.ndarray, values: np.ndarray
    ) -> PredictFn:
        """Fits the model.

        Args:
            rng: Source of randomness.
            rows: Encodings of the pool, float32 [num, size].
            values: Its objectives, float64 [num].
        """

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
        # In this unit: squares of numbers near the ends of float64 overflow.
        values = pool.objective / floats.unit(pool.objective)
        rows, asked = (
            encodings.encode(self.space, config.encoding, tokens)
            for tokens in (pool.tokens, candidates)
        )
        mean, deviation = self._fit(rng, rows, values)(asked)
        gains = ranking.expected_improvement(mean, deviation, values.max())
        chosen = np.argsort(-gains, kind="stable")[: config.round_size]
        return candidates[chosen], state._replace(predicted=mean[chosen])
