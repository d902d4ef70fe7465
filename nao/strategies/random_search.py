"""Random search: the baseline every search must beat at equal budget."""

import dataclasses

import numpy as np

from nao.fields import check_at_least, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base
from nao.types import Array


@documented
@dataclasses.dataclass(frozen=True)
class RandomConfig:
    """Settings of random search."""

    round_size: int = option(50, "Architectures per round.")

    def __post_init__(self):
        check_types(self, "random.")
        check_at_least(1, self, "round_size")


@dataclasses.dataclass(frozen=True)
class RandomSearch(base.PoolStrategy):
    """Draws architectures uniformly over the slots, none of them twice.

    Attributes:
        goals: Where they bound what is known beforehand, nothing beyond is drawn.
    """

    space: Space
    config: RandomConfig = dataclasses.field(default_factory=RandomConfig)
    deduplicate: str = "canonical"
    name: str = "random"
    goals: base.ColumnGoals | None = None

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Draws a round of new architectures."""
        unseen = base.unseen(self, state.pool.tokens)
        rng = base.numpy_rng(key)
        return unseen.draw(rng, self.config.round_size), state
