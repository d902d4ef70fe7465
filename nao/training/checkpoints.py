"""The last states of a training, as Orbax checkpoints, numbered by epochs done."""

import contextlib
import gc
import pathlib
import time

import jax
import orbax.checkpoint as ocp
from absl import logging

from nao.child.programs import TrainState
from nao.system import orbax

_KEPT = 2  # the newer one may be damaged
_READS_S = 0.2  # what reads of a damaged checkpoint take to end, at most


class Checkpoints:
    """The last states of a training in a folder."""

    def __init__(self, path: pathlib.Path):
        """Opens the folder, or makes it.

        Raises:
            ValueError: If there is something else of that name.
        """
        self._path, self._stack = path, contextlib.ExitStack()
        with orbax.quiet():
            # Named, as Orbax would guess it from a checkpoint, damaged or not.
            handler = ocp.StandardCheckpointHandler()
            self._manager = self._stack.enter_context(
                orbax.last_ones(path, _KEPT, handler)
            )

    def latest(self, fresh: TrainState) -> tuple[int, TrainState] | None:
        """Returns the newest state that can be read, and the epochs done before it.

        A damaged checkpoint is said to be so and removed: the one before it, or a fresh
        start, comes to the same end.

        Args:
            fresh: A state to begin with; one that is kept has its shapes.

        Returns:
            Epochs done and the state after them; None where there is none.
        """
        for done in sorted(self._manager.all_steps(), reverse=True):
            states = self._read(done, fresh)
            if states is not None:
                return done, states
            folder = self._path / str(done)
            logging.warning("Checkpoint %s is damaged; going on without it.", folder)
            # Else none of its number could be written again.
            self._manager.delete(done)
        return None

    def _read(self, done: int, fresh: TrainState) -> TrainState | None:
        """Returns the state after so many epochs; None where it is damaged."""
        target = jax.tree.map(ocp.utils.to_shape_dtype_struct, _leaves(fresh))
        args = ocp.args.StandardRestore(target)
        leaves = None
        with orbax.quiet():
            try:
                leaves = self._manager.restore(done, args=args)
            except MemoryError:
                raise  # no damage
            except Exception:  # Orbax has no common exception for damage.
                pass
            if leaves is None:
                # Reads of other arrays are still under way, and end in tracebacks too.
                time.sleep(_READS_S)
                gc.collect()
        if leaves is None:
            return None
        # Arrays without elements, which are not kept, are those of a fresh state.
        all_leaves, structure = jax.tree.flatten(fresh)
        all_leaves = [leaves.get(str(i), leaf) for i, leaf in enumerate(all_leaves)]
        return jax.tree.unflatten(structure, all_leaves)

    def save(self, done: int, states: TrainState) -> None:
        """Writes the state after so many epochs; it is on disk when this returns.

        Raises:
            OSError: If it can't be written.
        """
        with orbax.writing(self._path / str(done)):
            self._manager.save(done, args=ocp.args.StandardSave(_leaves(states)))
            # The next epoch reuses the memory of these arrays.
            self._manager.wait_until_finished()

    def close(self) -> None:
        """Ends what Orbax has running."""
        self._stack.close()


def _leaves(states: TrainState) -> dict[str, jax.Array]:
    """Returns the arrays by number; Orbax keeps none without elements."""
    leaves = enumerate(jax.tree.leaves(states))
    return {str(i): leaf for i, leaf in leaves if leaf.size}
