"""Which round comes next: the one proposer under every loop that asks a strategy.

A round depends on the seed and on what was told before it, on nothing else: not on the
budget, and not on whether a process was killed in between. So a longer search continues
a shorter one, and a continued search ends as one that was never interrupted. The study,
the benchmark, ask/tell and the Optuna sampler all ask here, so the same seed and
results give the same architectures in each.
"""

import collections
import dataclasses
import functools
from typing import NamedTuple

import jax
import numpy as np

from nao.controller import rows
from nao.strategies import Pool, Round, State, Strategy, Unseen
from nao.types import Array


class Progress(NamedTuple):
    """How far a search has come.

    Attributes:
        state: The strategy's state after all that was told.
        pending: Architectures handed out and not told yet, oldest first, int32 [num,
            length].
        queue: What is left of the last round asked for, int32 [num, length], where
            rounds are handed out piece by piece.
        num_told: Results told since the start; those of a warm start are not among
            them.
        num_rounds: Times that some were told.
    """

    state: State
    pending: np.ndarray
    queue: np.ndarray
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

    @property
    def evaluator_key(self) -> Array:
        """Randomness of an evaluator that learns."""
        # Of none of the keys above, which were there before.
        return jax.random.fold_in(jax.random.key(self.seed), 3)

    def finalist_keys(self, indices: np.ndarray) -> Array:
        """Returns the randomness of measuring trials [num] again, a key for each."""
        key = jax.random.fold_in(jax.random.key(self.seed), 4)  # of none of the others
        return _keys_of(key, indices)

    def child_keys(self, indices: np.ndarray) -> Array:
        """Returns the randomness of evaluations, one key for each index [num]."""
        return _keys_of(self._keys[2], indices)

    def start(self, warm: Pool | None = None) -> Progress:
        """Returns the progress before the first round.

        Args:
            warm: Results of an earlier search, told before the first round.
        """
        state = self.strategy.init(self._keys[0])
        if warm is not None:
            state = self._told(state, warm)
        nothing = state.pool.tokens[:0]
        return Progress(state, pending=nothing, queue=nothing)

    def ask(self, progress: Progress) -> Round:
        """Asks for the next round.

        What is pending is not proposed again, and nothing is learned from it.

        Returns:
            New and distinct architectures, none where the space has no more, and the
            strategy's state after it was asked.

        Raises:
            RuntimeError: If the strategy proposes what was told or is pending, or the
                same twice.
        """
        told, pending = progress.state, progress.pending
        # As if they had failed: known, and nothing to learn from. The memory of a
        # strategy hears nothing of them.
        pool = told.pool.extend(pending, np.full(len(pending), np.nan))
        key = jax.random.fold_in(self._keys[1], progress.num_told + len(pending))
        # A strategy that knows no budgets returns none.
        asked = Round(*self.strategy.ask(key, told._replace(pool=pool)))
        self._check_new(asked, pool)
        return asked._replace(state=asked.state._replace(pool=told.pool))

    def begin(self, progress: Progress, asked: Round) -> Progress:
        """Takes note that a whole round is being evaluated."""
        pending = np.concatenate([progress.pending, asked.tokens])
        # No checkpoint holds the memory: telling the same rounds again rebuilds it.
        state = asked.state._replace(memory=progress.state.memory)
        return progress._replace(state=state, pending=pending)

    def take(self, progress: Progress, num: int) -> tuple[np.ndarray, Progress]:
        """Hands out architectures piece by piece, round after round.

        Returns:
            int32 [num, length], fewer where the space has no more; and the progress,
            in which they are pending.
        """
        found = [progress.pending[:0]]
        # A round is one fit, so it is handed out to its end before the next.
        while (missing := num - sum(map(len, found))) > 0:
            is_new = not len(progress.queue)
            queue = self.ask(progress).tokens if is_new else progress.queue
            # What was told in the meantime is asked for no more.
            left = self._unseen(progress).take(queue)
            if is_new and not len(left):
                break
            found.append(left[:missing])
            pending = np.concatenate([progress.pending, left[:missing]])
            progress = progress._replace(pending=pending, queue=left[missing:])
        return np.concatenate(found), progress

    def tell(
        self,
        progress: Progress,
        tokens: np.ndarray,
        objective: np.ndarray,
        budgets: np.ndarray | None = None,
        values: np.ndarray | None = None,
    ) -> Progress:
        """Tells results, of what is pending or of anything else.

        Args:
            progress: Progress before.
            tokens: int32 [num, length]; in a study a whole round.
            objective: float64 [num], higher is better, NaN where it failed.
            budgets: What each was measured with, float64 [num]; None where all are
                full.
            values: Columns of the search's goals, float64 [num, columns]; None where
                the objective is all.
        """
        results = Pool(tokens, objective, budgets, values)
        return progress._replace(
            state=self._told(progress.state, results),
            pending=self._without(progress.pending, tokens),
            num_told=progress.num_told + len(tokens),
            num_rounds=progress.num_rounds + 1,
        )

    def _told(self, state: State, results: Pool) -> State:
        """Tells a strategy what it knows of: not all know budgets or several values."""
        more = {"budgets": results.budgets, "values": results.values}
        given = {name: part for name, part in more.items() if part is not None}
        return self.strategy.tell(state, results.tokens, results.objective, **given)

    def _without(self, pending: np.ndarray, told: np.ndarray) -> np.ndarray:
        """Returns what is still pending: a result is of the oldest that equals it."""
        space = self.strategy.space
        num_told = collections.Counter(space.keys(told))
        kept = []
        for key in space.keys(pending):
            kept.append(not num_told[key])
            num_told[key] -= not kept[-1]
        return pending[np.array(kept, bool)]

    def _unseen(self, progress: Progress) -> Unseen:
        seen = np.concatenate([progress.state.pool.tokens, progress.pending])
        return Unseen(self.strategy.space, self.strategy.deduplicate, seen)

    def _check_new(self, asked: Round, pool: Pool) -> None:
        strategy = self.strategy
        if strategy.deduplicate == "none":
            return
        budgets = Pool(asked.tokens, np.zeros(0), asked.budgets).budgets_or_full()
        for budget in np.unique(budgets):
            found = asked.tokens[budgets == budget]
            # What was told at a smaller budget may be asked for at a larger one.
            known = pool.tokens[pool.budgets_or_full() >= budget]
            unseen = Unseen(strategy.space, strategy.deduplicate, known)
            if len(unseen.take(found)) < len(found):
                raise RuntimeError(
                    f"Strategy {strategy.name} asked for architectures that were "
                    "told before, or twice for the same."
                )


def _keys_of(key: Array, indices: np.ndarray) -> Array:
    """Returns a key for each index [num], by few programs for rounds of any size."""
    indices = np.asarray(indices, np.int32)
    data = rows.map_rows(functools.partial(_key_data, key), indices)
    return jax.random.wrap_key_data(data, impl=jax.random.key_impl(key))


@jax.jit
def _key_data(key: Array, indices: Array) -> Array:
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, indices)
    return jax.random.key_data(keys)
