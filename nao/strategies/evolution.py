"""Regularized (aging) evolution (Real et al., 2019, arXiv:1802.01548, algorithm 1).

A tournament among the youngest picks a parent; one mutation of it is the child, which
joins the population while the oldest member leaves it.
"""

import dataclasses

import numpy as np

from nao.fields import check_at_least, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base, sorting
from nao.types import Array

_MAX_TOURNAMENTS = 100  # for each child wanted; then chance draws what is missing


@documented
@dataclasses.dataclass(frozen=True)
class EvolutionConfig:
    """Settings of evolution; the defaults are those of the paper."""

    population_size: int = option(
        100, "Population size: that many of the youngest (P in the paper)."
    )
    sample_size: int = option(
        25, "Tournament size: members of the population in each (S in the paper)."
    )
    round_size: int = option(
        1, "Children per round, all bred before the first of them is measured."
    )

    def __post_init__(self):
        check_types(self, "evolution.")
        sizes = ("population_size", "sample_size", "round_size")
        check_at_least(1, self, *sizes, prefix="evolution.")


@dataclasses.dataclass(frozen=True)
class Evolution(base.PoolStrategy):
    """Mutates the winners of tournaments.

    Departure from the paper: a child that was evaluated before is not evaluated again;
    another tournament is held in its place. With several objectives or bounds, fronts
    and crowding decide a tournament (`sorting.fitness`).

    Attributes:
        goals: Objectives and bounds; None for the evaluator's objective alone. What
            breaks a bound that is known beforehand is not bred.
    """

    space: Space
    config: EvolutionConfig = dataclasses.field(default_factory=EvolutionConfig)
    deduplicate: str = "canonical"
    name: str = "evolution"
    goals: base.ColumnGoals | None = None

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Draws the first population at random, then breeds."""
        config, pool = self.config, state.pool
        rng = base.numpy_rng(key)
        unseen = base.unseen(self, pool.tokens)
        missing = config.population_size - len(pool.tokens)
        if missing > 0:
            return unseen.draw(rng, missing), state
        # The pool is oldest first, so its end is the population: nobody has to be
        # removed. A failed one loses every tournament.
        population = pool.where(slice(-config.population_size, None))
        fitness = self._fitness(population)
        # A tournament draws without replacement.
        size = min(config.sample_size, config.population_size)
        children = []
        for _ in range(config.round_size * _MAX_TOURNAMENTS):
            if len(children) == config.round_size:
                break
            entrants = rng.choice(len(fitness), size, replace=False)
            parent = population.tokens[entrants[np.argmax(fitness[entrants])]]
            children.extend(unseen.take(self.space.mutate(rng, parent[None])))
        return unseen.fill(rng, children, config.round_size), state

    def _fitness(self, population: base.Pool) -> np.ndarray:
        """Returns what decides tournaments, float64 [num], -inf where it failed."""
        if self.goals is None or population.values is None:
            return np.nan_to_num(population.objective, nan=-np.inf)
        return sorting.fitness(population.values, self.goals)
