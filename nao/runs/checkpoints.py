"""Orbax checkpoints of rounds: what was asked, and the model that asked it."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging

from nao.strategies import Pool, Round, State
from nao.system import orbax
from nao.system.plain_paths import plain
from nao.types import PyTree

_KEPT = 3


class Checkpoints:
    """The last few rounds of a run, by the number of trials told before them."""

    def __init__(self, path: pathlib.Path):
        """Opens a folder of checkpoints, or makes it.

        Raises:
            ValueError: If there is something else of that name.
        """
        self._path, self._stack = path, contextlib.ExitStack()
        self._manager = self._stack.enter_context(orbax.last_ones(path, _KEPT))

    def save(self, told: int, asked: Round, learned: PyTree | None = None) -> None:
        """Starts writing a round; it is whole on disk, or not there at all.

        Args:
            told: Trials told before it.
            asked: The round. A model other than nested dicts of arrays is left out.
            learned: State of the evaluator, nested dicts of arrays; None of one that
                has none.
        """
        tree = _to_tree(asked) | ({} if learned is None else {"learned": learned})
        with self._or_without():
            self._manager.save(told, args=ocp.args.StandardSave(tree))

    def restore(self, told: int) -> Round | None:
        """Returns the round asked after `told` trials; None where it is not kept.

        A damaged checkpoint is as good as none, and removed: asking again gives the
        same round.
        """
        return self._read(told, _from_tree)

    def restore_learned(self, told: int) -> PyTree | None:
        """Returns the evaluator's state before a round; None where it is not kept."""
        return self._read(told, lambda tree: tree.get("learned"))

    def _read(self, told: int, read: Callable[[dict], Any]) -> Any:
        """Reads one checkpoint; None where it is not there, or damaged."""
        if told not in self._manager.all_steps():
            return None
        try:
            return read(self._manager.restore(told, args=ocp.args.StandardRestore()))
        except Exception as error:  # Orbax has no common exception for damage.
            logging.warning(
                "Checkpoint %s is damaged (%s); asking again.",
                self._path / str(told),
                type(error).__name__,
            )
            self._manager.delete(told)
            return None

    def latest(self) -> Round | None:
        """Returns the last round kept; None where there is none."""
        told = self._manager.latest_step()
        return None if told is None else self.restore(told)

    def close(self) -> None:
        """Waits for what is being written."""
        with self._or_without(), self._stack:
            self._manager.wait_until_finished()

    def _or_without(self) -> contextlib.AbstractContextManager[None]:
        """Warns of what Orbax raises: a search goes on without its checkpoints."""
        return orbax.or_without(f"Checkpoints in {self._path} are not kept")


def read_latest(path: pathlib.Path) -> Round | None:
    """Returns the last round kept in a folder; None where there is none.

    Changes nothing there: a search may be writing to it.
    """
    return next((asked for _, asked in _read_all(path, _from_tree)), None)


def read_learned(path: pathlib.Path) -> tuple[int, PyTree] | None:
    """Returns the last evaluator's state kept in a folder; None where there is none.

    Changes nothing there, see `read_latest`.

    Returns:
        Trials told before the round that the state is of, and the state.
    """
    found = _read_all(path, lambda tree: tree.get("learned"))
    return next((pair for pair in found if pair[1] is not None), None)


def _read_all(
    path: pathlib.Path, read: Callable[[dict], Any]
) -> Iterator[tuple[int, Any]]:
    """Yields what can be read of each checkpoint and its number, the last first."""
    if not path.is_dir():
        return
    steps = [int(child.name) for child in path.iterdir() if child.name.isdecimal()]
    # A read-only manager warns of being one, each time.
    with plain(path) as folder, ocp.StandardCheckpointer() as checkpointer:
        for told in sorted(steps, reverse=True):
            try:
                found = read(checkpointer.restore(folder / str(told) / "default"))
            except Exception as error:  # Damaged, or just replaced by a later one.
                logging.warning(
                    "Checkpoint %s can't be read (%s).",
                    path / str(told),
                    type(error).__name__,
                )
            else:
                yield told, found


def _to_tree(asked: Round) -> dict:
    state = asked.state
    tree = {
        "tokens": asked.tokens,
        "pool": _without_none(state.pool._asdict()),
        "budgets": asked.budgets,
        "predicted": state.predicted,
        "model": state.model if _is_plain(state.model) else None,
    }
    # Orbax keeps neither None nor arrays without elements.
    return {
        name: value
        for name, value in tree.items()
        if value is not None and all(np.size(leaf) for leaf in jax.tree.leaves(value))
    }


def _without_none(tree: dict) -> dict:
    return {name: value for name, value in tree.items() if value is not None}


def _is_plain(model: PyTree) -> bool:
    """Says whether Orbax gives a model back as it was: nested dicts of arrays."""
    if isinstance(model, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in model.items())
    return isinstance(model, np.ndarray | np.generic | jax.Array)


def _from_tree(tree: dict) -> Round:
    tokens = np.asarray(tree["tokens"])
    pool = Pool(np.zeros((0, tokens.shape[1]), np.int32), np.zeros(0))
    if "pool" in tree:
        pool = Pool(**{name: np.asarray(part) for name, part in tree["pool"].items()})
    state = State(
        pool=pool,
        predicted=np.asarray(tree["predicted"]) if "predicted" in tree else None,
        model=tree.get("model"),
    )
    budgets = np.asarray(tree["budgets"]) if "budgets" in tree else None
    return Round(tokens, state, budgets)
