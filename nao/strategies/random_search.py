"""Random search: the baseline every search must beat at equal budget.

With shared weights it is RS-WS (Li & Talwalkar, 2019, arXiv:1902.07638): they learn on
architectures drawn at random, and fresh ones are measured with them.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from nao.fields import (
    again,
    check_at_least,
    check_choice,
    check_types,
    documented,
    option,
)
from nao.spaces import Space
from nao.strategies import base, draws
from nao.types import Array

DRAWS = {"uniform": draws.uniform, "fair": draws.fair}


@documented
@dataclasses.dataclass(frozen=True)
class RandomConfig:
    """Settings of random search."""

    section: ClassVar[str] = "random"

    round_size: int = option(50, "Architectures per round.")
    draw: str = option(
        "uniform",
        "What shared weights learn on: uniform (each choice as probable as the others) "
        "or fair (each choice of a slot once in as many steps as the slot has choices, "
        "in random order; for spaces without a rule across slots).",
    )

    def __post_init__(self):
        check_types(self, f"{self.section}.")
        check_at_least(1, self, "round_size", prefix=f"{self.section}.")
        check_choice(f"{self.section}.draw", self.draw, DRAWS)


@documented
@dataclasses.dataclass(frozen=True)
class RandomWSConfig(RandomConfig):
    """Settings of random search with shared weights."""

    section: ClassVar[str] = "random_ws"

    # As many as in RS-WS: all of a round are measured with the same weights.
    round_size: int = again(RandomConfig, "round_size", 1000)


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

    def __post_init__(self):
        if self.config.draw == "fair":
            draws.fair(self.space)  # or says why not

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Draws a round of new architectures."""
        unseen = base.unseen(self, state.pool.tokens)
        rng = base.numpy_rng(key)
        return unseen.draw(rng, self.config.round_size), state

    def draw(self, state: base.State, asked: np.ndarray) -> draws.Draw:
        """Returns a draw of the whole space."""
        del state, asked
        return DRAWS[self.config.draw](self.space)
