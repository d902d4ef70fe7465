"""The one reader of a run's folder: finished, still running, or cut off.

Nothing here writes: a search may be at work in the folder.
"""

import contextlib
import dataclasses
import datetime
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import filelock
import numpy as np

from nao import fields
from nao.config import Config
from nao.evaluators import Goals, Objective
from nao.files import Shape, check_shape, read_json
from nao.runs import (
    answers,
    checkpoints,
    directory,
    ledger,
    record,
    rows,
    shapes,
    storage,
)
from nao.runs.record import SearchRecord
from nao.runs.trial import Trial
from nao.spaces import Space
from nao.strategies import Round
from nao.system import showing

STATUSES = ("finished", "running", "stopped")
_NOTHING = contextlib.nullcontext()
# What each file must hold, and what a reader of the run lacks without it.
_RESULTS: dict[str, tuple[type[Shape], str]] = {
    "summary.json": (
        shapes.Summary,
        "There is no summary.json, which a search writes when it ends: the final "
        "choice is not tested, and times and compilations are not known.",
    ),
    "environment.json": (
        shapes.Environment,
        "There is no environment.json: versions and devices are not known.",
    ),
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StoredRun(rows.Shown):
    """A search as its folder tells it.

    Attributes:
        path: The folder, absolute.
        record: What `search.json` holds.
        trials: In the order of evaluation.
        status: One of `STATUSES`.
        config: What `config.json` holds.
        environment: What `environment.json` holds; empty without one.
        summary: What `summary.json` holds; empty without one.
        is_lost: Whether the ledger was a file in the folder and is gone.
        notes: What is missing or out of date, a sentence each.
        population: Objectives of all architectures there are, float64 [num], which a
            reader who has the table may add; random search is computed from them.
        began: When the first trial began, local time; None where that is not known.
    """

    path: pathlib.Path
    record: SearchRecord
    trials: list[Trial]
    status: str
    config: Mapping
    environment: Mapping
    summary: Mapping
    is_lost: bool
    notes: tuple[str, ...]
    population: np.ndarray | None = None
    began: datetime.datetime | None = None

    @property
    def space(self) -> Space:
        """Space of the architectures."""
        return self.record.space

    @property
    def goals(self) -> Goals:
        """What was searched for."""
        return self.record.goals

    @property
    def best(self) -> Trial | None:
        """The best trial; None where none succeeded."""
        return answers.best_of(self.trials, self.goals)

    @property
    def finalists(self) -> list[Trial]:
        """The trials that were measured again, best first; `answers.finalists`."""
        return answers.finalists(self.trials, self.goals)

    @property
    def test(self) -> Mapping[str, float]:
        """Test numbers of the best trial; empty where it was not tested."""
        found = self.summary.get("best") or {}
        is_best = self.best is not None and found.get("trial") == self.best.index
        return (found.get("test") or {}) if is_best else {}

    @property
    def at_random(self) -> list[Trial]:
        """Trials of the random round."""
        return ledger.at_random(self.trials)

    @property
    def failed(self) -> list[Trial]:
        """Trials without a value."""
        return [trial for trial in self.trials if trial.value is None]

    @property
    def began_in_python(self) -> bool:
        """Whether objects were searched with, which `config.json` only names."""
        return not _is_launched(self.config)

    def __repr__(self) -> str:
        summed_up = rows.summed_up(self.trials, self.best)
        return f"StoredRun({str(self.path)!r}, {self.status}, {summed_up})"

    def last_round(self) -> Round | None:
        """Returns the last round that was asked and kept; None where there is none."""
        return checkpoints.read_latest(self.path / "checkpoints")

    def num_told(self, asked: Round) -> int:
        """Returns how many trials were told before a round was asked.

        They stand at the end of its pool, after those of a warm start. The round's own
        architectures don't tell, as any may be asked for again.
        """
        rows = np.array([trial.tokens for trial in self.trials])
        pool, first = asked.state.pool.tokens, {}
        for trial in self.trials:
            first.setdefault(trial.round, trial.index)
        for told in (len(rows), *sorted(first.values(), reverse=True)):
            start = len(pool) - told
            if start >= 0 and np.array_equal(pool[start:], rows[:told]):
                return told
        return 0


def read(path: str | os.PathLike, space: Space | None = None) -> StoredRun:
    """Reads the folder of a search, whatever state it is in.

    Args:
        path: The folder.
        space: Needed for a space class of one's own.

    Raises:
        ValueError: If there is no search, or its ledger can't be read.
    """
    path = directory.absolute(path)
    config = _config_of(path)
    found = record.read(path, space)
    summary, environment, notes = _read_results(path)
    kept = _read_ledger(path, config, found.space, found.goals)
    trials = [] if kept is None else kept.trials
    if not trials:
        notes.append("The ledger has no trial yet.")
    counted = summary.get("num_trials")
    if kept is not None:
        ledger.check_count(path, trials, "summary.json", counted or 0)
    if counted not in (None, len(trials)):
        notes.append(
            f"summary.json is of the first {showing.counted(counted, 'trial')}, and so "
            "are times, compilations and tests here: the search went on since."
        )
    # A finished search may be called again to measure more finalists.
    num_again = sum(bool(trial.repeats) for trial in trials)
    is_whole = (counted, len(summary.get("finalists") or ())) == (
        len(trials),
        num_again,
    )
    is_finished = bool(summary.get("finished")) and is_whole
    return StoredRun(
        path=path,
        record=found,
        trials=trials,
        status="finished" if is_finished else _running_or_stopped(path),
        config=config,
        environment=environment,
        summary=summary,
        is_lost=kept is None,
        notes=tuple(notes),
        began=None if kept is None else kept.began,
    )


def read_trials(
    path: str | os.PathLike, space: Space, objective: Objective
) -> list[Trial]:
    """Returns the trials of a run, read as architectures of a space.

    Args:
        path: Folder of the run.
        space: The space: the run's, or one of the same slots.
        objective: What the run measured.

    Raises:
        ValueError: If there is no run, it has lost its trials, or it is of another
            space or direction.
    """
    path = directory.absolute(path)
    config = _config_of(path)
    if storage.is_lost(path, config.get("storage") or ""):
        raise ValueError(f"{path} has lost its trials (no {storage.FILE}).")
    kept = _read_ledger(path, config, space, Goals((objective,)))
    return [] if kept is None else kept.trials


def read_config(path: str | os.PathLike) -> Config | None:
    """Returns the config of the run in a folder; None where there is none.

    Raises:
        ValueError: If what is there is no config.
    """
    file = directory.absolute(path) / "config.json"
    return load_config(file) if file.exists() else None


def load_config(file: pathlib.Path) -> Config:
    """Returns the config in a file such as a run's `config.json`.

    Raises:
        ValueError: If what is there is no config.
    """
    data = read_json(file)
    if data is None:
        raise ValueError(f"{file} can't be read: there is no such file.")
    if "strategy_config" in data:  # Objects made it, of which no config is known.
        raise ValueError(
            f"{file} must be of a run that launch.py began, got one of nao.search."
        )
    try:
        return fields.from_dict(data, Config())
    except ValueError as error:
        raise ValueError(f"{file} can't be read: {error}") from None


def read_best(path: str | os.PathLike) -> dict[str, Any] | None:
    """Returns the best architecture of a run, versioned JSON; None without one.

    Raises:
        ValueError: If what is there is no such architecture.
    """
    return read_json(directory.absolute(path) / "best.json", shapes.Best)


def read_training(path: str | os.PathLike) -> dict[str, Any] | None:
    """Returns what the last final training in a folder came to; None without one.

    The architecture as versioned JSON, `metrics`, and `training`, the folder in this
    one that holds it.

    Raises:
        ValueError: If what is there is no such training.
    """
    return read_json(directory.absolute(path) / "train.json", shapes.Training)


def _config_of(path: pathlib.Path) -> dict[str, Any]:
    file = path / "config.json"
    config = read_json(file, shapes.Config)
    if config is None:
        raise ValueError(f"{path} does not hold a run (no config.json).")
    if _is_launched(config):
        check_shape(config, shapes.LaunchedConfig, f"{file} is damaged")
    return config


def _is_launched(config: Mapping) -> bool:
    """Says whether `launch.py` began a run: it alone has settings of children."""
    return isinstance(config.get("child"), Mapping)


def _read_results(path: pathlib.Path) -> tuple[dict, dict, list[str]]:
    """Returns summary and environment, empty where missing, and what that means."""
    found, notes = {}, []
    for name, (shape, means) in _RESULTS.items():
        try:
            data = read_json(path / name, shape)
        except ValueError as error:
            data, means = None, str(error)
        found[name] = data or {}
        if data is None:
            notes.append(means)
    return found["summary.json"], found["environment.json"], notes


def _read_ledger(
    path: pathlib.Path, config: Mapping, space: Space, goals: Goals
) -> ledger.Ledger | None:
    """Opens the ledger of a run to be read; None where it is lost."""
    url = config.get("storage") or ""
    # Opening a ledger that is not there would make one.
    if storage.is_lost(path, url):
        return None
    return ledger.Ledger(storage.to_read(path, url), space, goals)


def _running_or_stopped(path: pathlib.Path) -> str:
    """Says whether a process holds the folder's lock."""
    lock = path / directory.LOCK
    try:
        # Without the file nothing holds it, and none is made.
        with filelock.FileLock(lock).acquire(timeout=0) if lock.exists() else _NOTHING:
            return "stopped"
    except filelock.Timeout:
        return "running"
    except OSError:  # a folder that may only be read
        return "stopped"
