"""Finished searches, to be compared as the runs of a benchmark are."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nao.benchmark.trajectory import Trajectory
from nao.runs import StoredRun, answers, directory, reader


def read_searches(
    workdirs: Sequence[str | os.PathLike],
) -> tuple[list[StoredRun], list[Trajectory]]:
    """Reads finished searches that can be compared.

    Raises:
        ValueError: If a folder holds no finished search, two are the same strategy with
            the same seed, they differ in what they measured, or none has a best.
    """
    paths = [directory.absolute(path) for path in workdirs]
    runs = [_read_finished(path) for path in paths]
    trajectories = [to_trajectory(run) for run in runs]
    seen: dict[tuple, pathlib.Path] = {}
    for found, path in zip(trajectories, paths, strict=True):
        other = seen.setdefault((found.strategy, found.seed), path)
        if other is not path:
            raise ValueError(
                "Searches must differ in strategy or seed, got "
                f"{found.strategy} with seed {found.seed} in {other} and in {path}."
            )
    first, *others = map(_measured, runs)
    for path, other in zip(paths[1:], others, strict=True):
        for name, value in first.items():
            if other[name] != value:
                raise ValueError(
                    f"Searches must have the same {name} to be compared, got {value!r} "
                    f"in {paths[0]} and {other[name]!r} in {path}."
                )
    if all(np.isnan(found.objective).all() for found in trajectories):
        raise ValueError(
            "Searches must have found something to be compared: none has a best."
        )
    return runs, trajectories


def to_trajectory(run: StoredRun) -> Trajectory:
    """Returns what a finished search came to.

    It read one test number, that of its final choice, which stands from that trial on;
    seconds are spread evenly over its queries. Where finalists were measured again,
    that is no query, and first values are compared: all queries are measured alike.
    """
    summary, num = run.summary, len(run.trials)
    # What breaks a bound is never the best, and no measure of a search.
    kept = {trial.index for trial in answers.allowed(run.trials, run.goals)}
    found = [trial.value if trial.index in kept else None for trial in run.trials]
    costs = np.array([trial.cost for trial in run.trials])
    test = np.full(num, np.nan)
    if run.test:
        test[run.best.index :] = next(iter(run.test.values()))
    seconds = summary["seconds"]
    return Trajectory(
        strategy=summary["strategy"],
        seed=summary["seed"],
        objective=np.array(found, np.float64),  # None is NaN
        test=test,
        seconds=np.linspace(0, seconds["total"], num + 1)[1:],
        compile_seconds=np.full(num, seconds["trace"] + seconds["compile"]),
        peak_rss_mib=summary["peak_rss_mib"],
        architectures=(),
        budget=max(1, round(costs.sum())),
        costs=costs,
    )


def _read_finished(path: pathlib.Path) -> StoredRun:
    try:
        run = reader.read(path)
        if run.status != "finished":
            raise ValueError("it was interrupted")
    except ValueError as error:
        raise ValueError(f"{path} holds no finished search: {error}") from None
    return run


def _measured(run: StoredRun) -> dict[str, Any]:
    """Returns what must be the same in searches for a comparison to mean anything."""
    objective = run.objective
    return {
        "objective": {"name": objective.name, "maximize": objective.maximize},
        "space": run.space.name,
        "bounds": run.goals.in_words,
        "evaluator": run.summary["evaluator"],
        "table.sha256": run.record.content.get("table.sha256", ""),
    }
