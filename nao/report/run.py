"""What the folder of a search holds: finished, still running, or cut off."""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Mapping

import filelock
import numpy as np

from nao import ledger, run_directory, search_record, summary
from nao.evaluators import Objective
from nao.spaces import Space

STATUSES = ("finished", "running", "stopped")
_NOTHING = contextlib.nullcontext()
# What the page lacks without a file.
_MEANINGS = {
    "summary.json": "There is no summary.json, which a search writes when it ends: the "
    "final choice is not tested, and times and compilations are not known.",
    "environment.json": "There is no environment.json: versions and devices are not "
    "known.",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A search as its folder tells it.

    Attributes:
        path: The folder, absolute.
        space: Space of the architectures.
        objective: What was measured.
        trials: In the order of evaluation.
        status: One of `STATUSES`.
        config: What `config.json` holds.
        environment: What `environment.json` holds; empty without one.
        summary: What `summary.json` holds; empty without one.
        notes: What is missing or out of date, a sentence each.
        population: Objectives of all architectures there are, float64 [num], where a
            table knows them; random search is computed from them.
    """

    path: pathlib.Path
    space: Space
    objective: Objective
    trials: list[ledger.Trial]
    status: str
    config: Mapping
    environment: Mapping
    summary: Mapping
    notes: tuple[str, ...]
    population: np.ndarray | None = None

    @property
    def best(self) -> ledger.Trial | None:
        """The best trial; None where none succeeded."""
        return ledger.best_of(self.trials, self.objective)

    @property
    def test(self) -> Mapping[str, float]:
        """Test numbers of the best trial; empty where it was not tested."""
        found = self.summary.get("best") or {}
        is_best = self.best is not None and found.get("trial") == self.best.index
        return (found.get("test") or {}) if is_best else {}

    @property
    def at_random(self) -> list[ledger.Trial]:
        """Trials of the random round."""
        return summary.at_random(self.trials)

    @property
    def failed(self) -> list[ledger.Trial]:
        """Trials without a value."""
        return [trial for trial in self.trials if trial.value is None]

    @property
    def began_in_python(self) -> bool:
        """Whether objects were searched with, which `config.json` only names."""
        return not isinstance(self.config.get("child"), Mapping)


def read(
    path: str | os.PathLike,
    space: Space | None = None,
    population: np.ndarray | None = None,
) -> Run:
    """Reads the folder of a search, whatever state it is in; changes nothing in it.

    Args:
        path: The folder.
        space: Needed for a space class of one's own.
        population: See `Run`.

    Raises:
        ValueError: If there is no search, or its ledger can't be read.
    """
    path = pathlib.Path(path).expanduser().absolute()
    config = run_directory.read_json(path / "config.json")
    if config is None:
        raise ValueError(f"{path} does not hold a run (no config.json).")
    record = search_record.read(path, space)
    found, notes = {}, []
    for name, means in _MEANINGS.items():
        try:
            data = run_directory.read_json(path / name)
        except ValueError as error:
            data, means = None, str(error)
        if data is not None and not _is_whole(name, data):
            data, means = None, f"{path / name} is damaged."
        found[name] = data or {}
        if data is None:
            notes.append(means)
    storage = config.get("storage") or ""
    trials: list[ledger.Trial] = []
    if not ledger.is_lost(path, storage):
        address = ledger.address(path, storage)
        trials = ledger.Ledger(*address, record.space, record.objective).trials
    if not trials:
        notes.append("The ledger has no trial yet.")
    counted = found["summary.json"].get("num_trials")
    is_counted = counted == len(trials)
    if counted is not None and not is_counted:
        notes.append(
            f"summary.json is of the first {counted} trials, and so are times, "
            "compilations and tests here: the search went on since."
        )
    is_finished = bool(found["summary.json"].get("finished")) and is_counted
    status = "finished" if is_finished else _running_or_stopped(path)
    return Run(
        path=path,
        space=record.space,
        objective=record.objective,
        trials=trials,
        status=status,
        config=config,
        environment=found["environment.json"],
        summary=found["summary.json"],
        notes=tuple(notes),
        population=population,
    )


def _running_or_stopped(path: pathlib.Path) -> str:
    """Says whether a process holds the folder's lock."""
    lock = path / run_directory.LOCK
    try:
        # Without the file nothing holds it, and none is made.
        with filelock.FileLock(lock).acquire(timeout=0) if lock.exists() else _NOTHING:
            return "stopped"
    except filelock.Timeout:
        return "running"
    except OSError:  # a folder that may only be read
        return "stopped"


def _is_whole(name: str, data: Mapping) -> bool:
    """Says whether a file has the parts that the page reads."""
    if name != "summary.json":
        return True
    parts = [data.get("best") or {}, data.get("seconds"), data.get("compilations")]
    return all(isinstance(part, Mapping) for part in parts)
