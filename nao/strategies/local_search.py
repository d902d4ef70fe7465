"""Local search (White et al., 2020, arXiv:2005.02960): follow the best neighbour.

From the best of a few random architectures, evaluate the whole neighbourhood (all that
differ in one slot), move to its best if that is better, and begin again elsewhere where
it is not.
"""

import dataclasses

import numpy as np

from nao.fields import check_at_least, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base
from nao.strategies.unseen import Unseen
from nao.types import Array


@documented
@dataclasses.dataclass(frozen=True)
class LocalSearchConfig:
    """Settings of local search."""

    num_starts: int = option(
        10, "Random architectures per start; a climb begins at the best of them."
    )

    def __post_init__(self):
        check_types(self, "local_search.")
        check_at_least(1, self, "num_starts", prefix="local_search.")


@dataclasses.dataclass(frozen=True)
class LocalSearch(base.Strategy):
    """Climbs from neighbour to neighbour.

    The state's memory holds where the climb stands: `incumbent`, int32 [length], and
    `value`, float64 scalar; a value of -inf is a climb that has not begun.
    """

    space: Space
    config: LocalSearchConfig = dataclasses.field(default_factory=LocalSearchConfig)
    deduplicate: str = "canonical"
    name: str = "local_search"

    def init(self, key: Array) -> base.State:
        """Returns an empty pool, and no climb."""
        del key
        return base.State(base.empty_pool(self.space), memory=self._nowhere())

    def _nowhere(self) -> dict[str, np.ndarray]:
        """Returns the memory of a climb that has not begun."""
        return {
            "incumbent": np.zeros(self.space.length, np.int32),
            "value": np.float64(-np.inf),
        }

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Asks for the neighbourhood of where the climb stands, or where it begins."""
        rng = base.numpy_rng(key)
        unseen = Unseen(self.space, self.deduplicate, state.pool.tokens)
        found = np.zeros((0, self.space.length), np.int32)
        if np.isfinite(state.memory["value"]):
            around = self.space.neighbours(state.memory["incumbent"])
            # Shuffled, so that a round cut short by the budget favours no slot.
            found = unseen.take(rng.permutation(around))
        if not len(found):
            found = unseen.draw(rng, self.config.num_starts)
        return found, state

    def tell(
        self, state: base.State, tokens: np.ndarray, objective: np.ndarray
    ) -> base.State:
        """Moves to the best of the round, or ends the climb."""
        pool = state.pool.extend(tokens, objective)
        values = np.nan_to_num(np.asarray(objective, np.float64), nan=-np.inf)
        memory = self._nowhere()
        if len(values) and values.max() > state.memory["value"]:
            best = int(np.argmax(values))
            # A better place whose neighbours are all known leads nowhere.
            unseen = Unseen(self.space, self.deduplicate, pool.tokens)
            if len(unseen.take(self.space.neighbours(tokens[best]))):
                memory = {
                    "incumbent": np.asarray(tokens[best], np.int32),
                    "value": np.float64(values[best]),
                }
        return base.State(pool, memory=memory)
