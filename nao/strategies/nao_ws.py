"""NAO with weights that all architectures share (Luo et al., 2018, arXiv:1808.07233).

Training of the shared weights and rounds of NAO take turns. The weights learn on the
architectures of a round, which are then measured with them; what older rounds measured
was measured with other weights. So a round is fitted to the last one alone, asks for
the best of it again, and for new ones that ascents from it lead to.
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax
import numpy as np

from nao.fields import again, check_at_least, documented, option
from nao.strategies import base, draws
from nao.strategies.nao import NAO
from nao.strategies.nao_config import NAOConfig
from nao.strategies.unseen import Unseen
from nao.types import Array


# The released searches train the weights five times, and keep 600 or 1000
# architectures, of which about half are new each time. Departures, besides those of the
# default NAO:
# - What is kept is the best half; the released search for convolutional cells adds 50
#   at random, too.
# - An architecture that an older round dropped may come again.
@documented
@dataclasses.dataclass(frozen=True)
class NAOWSConfig(NAOConfig):
    """Settings of NAO with weights that all architectures share."""

    section: ClassVar[str] = "nao_ws"

    num_seed_archs: int = again(NAOConfig, "num_seed_archs", 100)
    round_size: int = again(NAOConfig, "round_size", 100)
    process_turns: int = again(NAOConfig, "process_turns", 1)
    rescored: float = option(
        0.5,
        "Share of a round that is asked for again: the best of the last round. At "
        "least 0, below 1.",
    )

    def __post_init__(self):
        super().__post_init__()
        check_at_least(0, self, "rescored", prefix=f"{self.section}.")
        if self.rescored >= 1:
            raise ValueError(
                f"{self.section}.rescored must be below 1, got {self.rescored}."
            )


@dataclasses.dataclass(frozen=True)
class NAOWS(NAO):
    """Rounds of NAO, each fitted to the last `round_size` measured alone.

    Raises:
        ValueError: If `deduplicate` is not `none`.
    """

    config: NAOWSConfig = dataclasses.field(default_factory=NAOWSConfig)
    deduplicate: str = "none"
    name: str = "nao_ws"

    def __post_init__(self):
        super().__post_init__()
        base.check_may_repeat(self, "architectures again")

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Proposes the best of the last round, then new ones; at first at random.

        None is predicted for what is asked again: the controller was fitted to it, so
        it would make predictions look better than they are.
        """
        if len(state.pool.tokens) < self.config.num_seed_archs:
            return super().ask(key, state)
        new_key, filling_key = jax.random.split(key)
        recent = self._recent(state.pool)
        best = self._best(recent)
        ascending = self._ascending(self.config.round_size - len(best))
        new, asked = ascending.ask(new_key, state._replace(pool=recent))
        # A small space may have nothing new, but anything may be repeated.
        missing = self.config.round_size - len(best) - len(new)
        rng = base.numpy_rng(filling_key)
        filling = base.unseen(self, recent.tokens).draw(rng, missing)
        tokens = np.concatenate([best, new, filling])
        predicted = asked.predicted
        if predicted is not None:
            predicted = np.full(len(tokens), np.nan)
            predicted[len(best) : len(best) + len(new)] = asked.predicted
        return tokens, asked._replace(pool=state.pool, predicted=predicted)

    def draw(self, state: base.State, asked: np.ndarray) -> draws.Draw:
        """Returns a draw of the round that is measured next."""
        del state
        return draws.one_of(asked)

    @property
    def controller_use(self) -> base.ControllerUse:
        """As that of NAO, fitted to `round_size` architectures."""
        return super().controller_use._replace(recent=self.config.round_size)

    def describe_fit(
        self, state: base.State, rng: np.random.Generator
    ) -> Mapping[str, float]:
        """Tries the fitted controller's decoder, see `NAO.describe_fit`."""
        return super().describe_fit(state._replace(pool=self._recent(state.pool)), rng)

    def _recent(self, pool: base.Pool) -> base.Pool:
        """Returns what was measured with the weights as they were last."""
        return pool.last(self.config.round_size)

    def _best(self, recent: base.Pool) -> np.ndarray:
        """Returns what is asked for again, each function once, int32 [num, length]."""
        num = int(self.config.rescored * self.config.round_size)
        pool = recent.succeeded()
        rows = pool.tokens[self._best_first(pool)]
        return Unseen(self.space, "canonical").take(rows, num)

    def _ascending(self, round_size: int) -> NAO:
        """Returns NAO as it asks for functions that a pool lacks, never at first."""
        sizes = {"num_seed_archs": 1, "round_size": round_size}
        config = dataclasses.replace(self.config, **sizes)
        return NAO(self.space, config, "canonical", self.name, self.goals)
