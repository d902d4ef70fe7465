"""Successive halving (Jamieson and Talwalkar, 2016, arXiv:1502.07943).

A bracket of random architectures is measured with the smallest budget; of each rung the
best go on to the next larger one, up to the full budget. Then a new bracket begins. The
rungs are exactly the budgets that the evaluator lists.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nao.fields import check_at_least, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base
from nao.strategies.unseen import Unseen
from nao.types import Array


@documented
@dataclasses.dataclass(frozen=True)
class SuccessiveHalvingConfig:
    """Settings of successive halving."""

    num_archs: int = option(27, "Architectures of a bracket's first rung.")
    eta: int = option(3, "Of n architectures of a rung, floor(n / eta) go on.")

    def __post_init__(self):
        check_types(self, "successive_halving.")
        check_at_least(2, self, "num_archs", "eta", prefix="successive_halving.")


@dataclasses.dataclass(frozen=True)
class SuccessiveHalving(base.PoolStrategy):
    """Measures many with little, and the best of them with more.

    A round is a rung. What was told of other origin, such as a warm start, is never
    proposed again and competes with nobody.

    Attributes:
        budgets: Rungs, ascending, the full budget last.
    """

    space: Space
    config: SuccessiveHalvingConfig = dataclasses.field(
        default_factory=SuccessiveHalvingConfig
    )
    deduplicate: str = "canonical"
    name: str = "successive_halving"
    budgets: Sequence[float] = ()

    def __post_init__(self):
        if len(self.budgets) < 2:
            raise ValueError(
                f"Strategy {self.name} needs an evaluator of two or more budgets, got "
                f"{list(self.budgets)}: child.budgets, table.budgets, or a function "
                "that takes a budget."
            )
        least = self.config.eta ** (len(self.budgets) - 1)
        if self.config.num_archs < least:
            raise ValueError(
                f"successive_halving.num_archs must be at least {least}, for one to "
                f"reach the last of {len(self.budgets)} budgets, got "
                f"{self.config.num_archs}."
            )

    def ask(self, key: Array, state: base.State) -> base.Round:
        """Asks for what the last bracket's next rung lacks, or for a new bracket."""
        pool, num = state.pool, self.config.num_archs
        rung = self._first_rung(pool)
        if 0 < len(rung.tokens) < num:
            new = self._draw(key, pool, num - len(rung.tokens))
            if len(new):
                return self._round(new, 0, state)
        for number in range(1, len(self.budgets)):
            chosen = self._choose(rung)
            rung, missing = self._split(pool, chosen, self.budgets[number])
            if len(missing):
                return self._round(missing, number, state)
        return self._round(self._draw(key, pool, num), 0, state)

    def _first_rung(self, pool: base.Pool) -> base.Pool:
        """Returns the first rung of the last bracket, none of it before the first."""
        first = pool.where(pool.budgets_or_full() == self.budgets[0])
        num = self.config.num_archs
        start = (len(first.tokens) - 1) // num * num
        return first.where(np.arange(len(first.tokens)) >= start)

    def _choose(self, rung: base.Pool) -> np.ndarray:
        """Returns who goes on, best first, int32 [<=num, length]."""
        return rung.succeeded().best(len(rung.tokens) // self.config.eta)

    def _split(
        self, pool: base.Pool, chosen: np.ndarray, budget: float
    ) -> tuple[base.Pool, np.ndarray]:
        """Returns the rung of those measured at a budget, and those that are not."""
        told = pool.where(pool.budgets_or_full() == budget)
        row_of = {key: row for row, key in enumerate(self.space.keys(told.tokens))}
        rows = np.array([row_of.get(key, -1) for key in self.space.keys(chosen)], int)
        return told.where(rows[rows >= 0]), chosen[rows < 0]

    def _draw(self, key: Array, pool: base.Pool, num: int) -> np.ndarray:
        unseen = Unseen(self.space, self.deduplicate, pool.tokens)
        return unseen.draw(base.numpy_rng(key), num)

    def _round(self, tokens: np.ndarray, rung: int, state: base.State) -> base.Round:
        return base.Round(tokens, state, np.full(len(tokens), self.budgets[rung]))
