"""Compares strategies over a table, or finished searches: `--mode=benchmark`.

With `evaluator=shared` it says what a ranking by shared weights is worth, `ranking`.
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nao import benchmark, fields, report
from nao.benchmark import comparison, searches
from nao.benchmark.trajectory import Trajectory
from nao.commands import build, ranking
from nao.commands.request import Request
from nao.config import Config
from nao.evaluators import Objective, TableEvaluator
from nao.files import not_written
from nao.runs import RunDirectory, directory
from nao.system import interrupts, threads
from nao.system.progress import Progress


def run(request: Request) -> None:
    """Runs what benchmark the config is of, or compares `--runs`; prints the table."""
    folder = request.require_workdir(
        "--mode=benchmark needs --workdir, for its tables and figures."
    )
    # Of a search with shared weights, these are what is ranked by.
    is_search = request.run_dirs is None and ranking.holds_search(folder)
    config = request.config(of_run=is_search)
    if request.run_dirs is None and config.evaluator == "shared":
        return _rank(request, config, folder)
    if request.run_dirs is None:
        with request.continuable(folder), Progress(0, "run", name="comparing") as bar:
            run_benchmark(config, folder, bar.set)
    else:
        if not request.run_dirs or not all(request.run_dirs):
            raise ValueError(f"--runs must name workdirs, got {[*request.run_dirs]}.")
        compare_searches(request.run_dirs, folder)
    print((folder / "summary.md").read_text(), end="")
    print(f"Written to {folder}, with figures/")


def _rank(request: Request, config: Config, workdir: pathlib.Path) -> None:
    """Says what a ranking by shared weights is worth, and prints the table."""
    threads.tell_failures_in_a_line()
    build.use_devices(config)  # First of all: JAX keeps the devices it finds first.
    with request.continuable(workdir), Progress(0, "part", name="ranking") as bar:
        found = ranking.run_ranking(config, workdir, bar.set)
    print(found.to_markdown(), end="")
    print(f"Written to {ranking.folder_of(workdir)}, with figures/")


def run_benchmark(
    config: Config, workdir: str | os.PathLike, progress_fn: Callable[[int, int], None]
) -> list[dict]:
    """Runs, or continues, a benchmark over the table of a config, and draws it.

    Writes `benchmark.json` (every query of every seed), `summary.md`, `summary.csv` and
    `figures/` to the folder.

    Args:
        config: The experiment; `benchmark` says what is compared.
        workdir: Folder of the benchmark.
        progress_fn: Called with the number of runs finished and of all runs.

    Returns:
        A row of numbers per strategy (`comparison.summarise`).

    Raises:
        ValueError: If the config has no table, or the folder holds another benchmark.
        KeyboardInterrupt: After an interruption; finished runs are kept.
    """
    if config.evaluator != "table":
        raise ValueError(
            "--mode=benchmark needs --config.evaluator=table, or shared, got "
            f"{config.evaluator!r}."
        )
    if config.deduplicate == "none":
        raise ValueError(
            "mode=benchmark needs deduplicate=canonical or sequence, got 'none': a "
            "table has nothing new to say of what it was asked before."
        )
    if config.names:
        raise ValueError(
            "mode=benchmark compares by table.objective alone, got goals on "
            f"{', '.join(config.names)}."
        )
    benchmark.read_entries(config)  # a mistake in them comes first
    evaluator = build.evaluator(config)
    # What the table was is compared with the settings: other values, other benchmark.
    settings = _settings(config) | evaluator.content
    defaults, places = fields.defaults(Config), set(fields.places(Config))
    with RunDirectory(workdir, settings, defaults, places) as run:
        runs = benchmark.Benchmark(run, evaluator, config)
        run.begin()
        total = sum(entry.num_seeds for entry in runs.entries)
        jobs = runs.missing()
        before = total - len(jobs)
        progress_fn(before, total)
        with interrupts.stoppable() as check:
            for done, _ in enumerate(runs.execute(jobs), start=before + 1):
                progress_fn(done, total)
                check()
        goal = evaluator.best_value
        found = runs.finished()
        run.write_json(
            "benchmark.json", _benchmark_json(config, evaluator, goal, found)
        )
        return _compare(run.path, found, evaluator.objective, evaluator.test_name, goal)


def compare_searches(
    workdirs: Sequence[str | os.PathLike], workdir: str | os.PathLike
) -> list[dict]:
    """Compares finished searches as a benchmark does; the goal is the best of them.

    Raises:
        ValueError: If a folder holds no finished search, or they differ in what they
            measured.
    """
    folder = directory.absolute(workdir)
    if folder in map(directory.absolute, workdirs):
        raise ValueError(f"{folder} is one of the searches; compare in another folder.")
    if (folder / "config.json").exists():
        raise ValueError(f"{folder} holds a run; compare in another folder.")
    runs, trajectories = searches.read_searches(workdirs)
    objective = runs[0].objective
    goal = comparison.best_value(trajectories, objective.maximize)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(folder, error) from None
    return _compare(
        folder, trajectories, objective, "test", goal, "the best of these searches"
    )


def _settings(config: Config) -> dict[str, Any]:
    """Returns what must be equal for a benchmark to go on.

    More strategies, seeds or queries may be added to what is there.
    """
    settings = fields.to_dict(config)
    for name in ("strategy", "seed", "num_trials"):
        del settings[name]
    stop = config.benchmark.stop_at_best
    return settings | {"mode": "benchmark", "benchmark": {"stop_at_best": stop}}


def _benchmark_json(
    config: Config, evaluator: TableEvaluator, goal: float, runs: list[Trajectory]
) -> dict[str, Any]:
    """Returns what `benchmark.json` holds: every query of every seed."""
    return {
        "space": evaluator.space.name,
        "objective": dataclasses.asdict(evaluator.objective),
        "best_value": goal,
        "table_sha256": evaluator.sha256,
        "deduplicate": config.deduplicate,
        "runs": [run.to_json() for run in runs],
    }


def _compare(
    folder: pathlib.Path,
    runs: list[Trajectory],
    objective: Objective,
    test_name: str,
    goal: float,
    goal_name: str = "the best",
) -> list[dict]:
    """Writes tables and figures of runs; returns the rows."""
    groups = comparison.group(runs, objective.maximize)
    rows = comparison.summarise(groups, goal)
    (folder / "summary.md").write_text(comparison.to_markdown(rows, goal_name))
    (folder / "summary.csv").write_text(comparison.to_csv(rows))
    figures = {
        "regret": report.draw_regret(groups, goal, objective.label),
        "queries": report.draw_queries(groups, goal, objective.unit),
        "seconds": report.draw_seconds(groups),
    }
    # A table without a test column has none to draw.
    if test_name and not all(np.isnan(run.test).all() for run in runs):
        unit = f" ({objective.unit})" if objective.unit else ""
        label = f"{test_name} of the best so far{unit}"
        figures["test"] = report.draw_test(groups, label)
    for name, figure in figures.items():
        report.save(figure, folder / "figures" / name)
    return rows
