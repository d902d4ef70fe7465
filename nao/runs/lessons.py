"""What an evaluator has learned of a lesson so far, for a search that is killed.

A lesson may take longer than all else: `checkpoints` hold what is learned for a round,
which is there once the lesson is over.
"""

import contextlib
import functools
import pathlib
import time

import numpy as np
import orbax.checkpoint as ocp
from absl import logging

from nao.system import orbax
from nao.types import PyTree

_SECONDS = 60.0  # between two states that are kept


class Lessons:
    """The last state of a lesson, by the number of trials told before its round."""

    def __init__(self, path: pathlib.Path, seconds: float = _SECONDS):
        """Takes a folder, which is made with the first state that is kept."""
        self._path, self._seconds = path, seconds
        self._stack, self._since = contextlib.ExitStack(), time.monotonic()

    @functools.cached_property
    def _manager(self) -> ocp.CheckpointManager:
        return self._stack.enter_context(orbax.last_ones(self._path, 1))

    def save(self, told: int, state: PyTree) -> None:
        """Starts writing a state, unless one was written in the last minute.

        Args:
            told: Trials told before the round.
            state: Nested dicts of arrays.
        """
        if time.monotonic() - self._since < self._seconds:
            return
        self._since = time.monotonic()
        tree = {"told": np.int32(told), "state": state}
        with self._or_without():
            number = (self._manager.latest_step() or 0) + 1
            self._manager.save(number, args=ocp.args.StandardSave(tree))

    def restore(self, told: int) -> PyTree | None:
        """Returns the state kept of a round's lesson; None where there is none."""
        if not self._path.is_dir():
            return None
        try:
            tree = self._manager.restore(None, args=ocp.args.StandardRestore())
        except FileNotFoundError:  # nothing was kept
            return None
        except Exception as error:  # Orbax has no common exception for damage.
            kind = type(error).__name__
            logging.warning("%s is damaged (%s); learning anew.", self._path, kind)
            return None
        return tree["state"] if int(tree["told"]) == told else None

    def close(self) -> None:
        """Waits for what is being written."""
        with self._or_without():
            self._stack.close()

    def _or_without(self) -> contextlib.AbstractContextManager[None]:
        """Warns of what Orbax raises: a lesson cut short is then learned anew."""
        return orbax.or_without(f"Lessons in {self._path} are not kept")
