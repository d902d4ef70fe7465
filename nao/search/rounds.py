"""Which round comes next: the one proposer under every loop that asks a strategy.

A round depends on the seed and on what was told before it, on nothing else: not on the
budget, and not on whether a process was killed in between. So a longer search continues
a shorter one, and a continued search ends as one that was never interrupted. The study,
the benchmark, ask/tell and the Optuna sampler all ask here, so the same seed and
results give the same architectures in each.
"""

import dataclasses
import functools
from typing import NamedTuple

import jax
import numpy as np

from nao.runs.checkpoints import Round
from nao.strategies import Pool, State, Strategy, Unseen
from nao.types import Array


class Progress(NamedTuple):
    """How far a search has come.

    Attributes:
        state: The strategy's state after all that was told.
        num_told: Results told since the start; those of a warm start are not among
            them.
        num_rounds: Times that some were told.
    """

    state: State
    num_told: int = 0
    num_rounds: int = 0


@dataclasses.dataclass(frozen=True)
class Proposer:
    """Asks a strategy for rounds and tells it what came of them.

    Attributes:
        strategy: Who proposes.
        seed: Seed of everything random.
    """

    strategy: Strategy
    seed: int

    @functools.cached_property
    def _keys(self) -> Array:
        """Keys of the strategy's `init`, of its rounds, and of children, [3]."""
        return jax.random.split(jax.random.key(self.seed), 3)

    def child_keys(self, indices: np.ndarray) -> Array:
        """Returns the randomness of evaluations, one key for each index [num]."""
        fold_in = jax.vmap(jax.random.fold_in, (None, 0))
        return fold_in(self._keys[2], np.asarray(indices, np.int32))

    def start(self, warm: Pool | None = None) -> Progress:
        """Returns the progress before the first round.

        Args:
            warm: Results of an earlier search, told before the first round.
        """
        state = self.strategy.init(self._keys[0])
        if warm is not None:
            state = self.strategy.tell(state, *warm)
        return Progress(state)

    def tell(
        self, progress: Progress, tokens: np.ndarray, objective: np.ndarray
    ) -> Progress:
        """Tells results.

        Args:
            progress: Progress before.
            tokens: int32 [num, length]; in a study a whole round.
            objective: float64 [num], higher is better, NaN where it failed.
        """
        state = self.strategy.tell(progress.state, tokens, objective)
        return Progress(state, progress.num_told + len(tokens), progress.num_rounds + 1)

    def ask(self, progress: Progress, pending: np.ndarray | None = None) -> Round:
        """Asks for the next round.

        Args:
            progress: What was told so far.
            pending: Architectures that are being evaluated, int32 [num, length]: not
                proposed again, and nothing is learned from them.

        Returns:
            New and distinct architectures, none where the space has no more, and the
            strategy's state after it was asked.

        Raises:
            RuntimeError: If the strategy proposes what was told or is pending, or the
                same twice.
        """
        told = progress.state
        pending = told.pool.tokens[:0] if pending is None else pending
        # As if they had failed: known, and nothing to learn from. The memory of a
        # strategy hears nothing of them.
        pool = told.pool.extend(pending, np.full(len(pending), np.nan))
        key = jax.random.fold_in(self._keys[1], progress.num_told + len(pending))
        tokens, state = self.strategy.ask(key, told._replace(pool=pool))
        self._check_new(tokens, pool)
        return Round(tokens, state._replace(pool=told.pool))

    def _check_new(self, tokens: np.ndarray, pool: Pool) -> None:
        strategy = self.strategy
        unseen = Unseen(strategy.space, strategy.deduplicate, pool.tokens)
        if len(unseen.take(tokens)) < len(tokens):
            raise RuntimeError(
                f"Strategy {strategy.name} asked for architectures that were "
                "told before, or twice for the same."
            )
