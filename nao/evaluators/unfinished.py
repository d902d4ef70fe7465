"""Children that were trained for a part of their epochs, kept to go on with.

On the host, and the last used ones alone: what is gone is trained from scratch, to the
same state, as an epoch depends on the child's key and its number.
"""

import collections

import jax

from nao.child.programs import TrainState

_MOST_BYTES = 2**30  # of all states together


class Unfinished:
    """States of children by a name, with the epochs that they were trained for."""

    def __init__(self, most_bytes: int = _MOST_BYTES):
        """Begins without any."""
        self._most_bytes, self._num_bytes = most_bytes, 0
        # The last used one last.
        self._kept: collections.OrderedDict[bytes, tuple[int, TrainState]] = (
            collections.OrderedDict()
        )

    def keep(self, name: bytes, epochs: int, state: TrainState) -> None:
        """Keeps a state in place of the child's earlier one."""
        self.drop(name)
        self._kept[name] = epochs, state
        self._num_bytes += _num_bytes(state)
        while self._num_bytes > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def find(self, name: bytes, most: int) -> tuple[int, TrainState] | None:
        """Returns epochs and state of a child trained for at most so many; or None."""
        found = self._kept.get(name)
        if found is None or found[0] > most:
            return None
        self._kept.move_to_end(name)
        return found

    def drop(self, name: bytes) -> None:
        """Forgets a child, if it is there."""
        if name in self._kept:
            self._num_bytes -= _num_bytes(self._kept.pop(name)[1])


def _num_bytes(state: TrainState) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(state))
