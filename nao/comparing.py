"""What `--mode=benchmark` does: runs or reads searches, and compares them."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from nao import benchmark, comparison, evaluators
from nao import config as config_lib
from nao.config import Config
from nao.experiment import make_evaluator
from nao.run_directory import RunDirectory


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
            f"mode=benchmark needs evaluator=table, got {config.evaluator!r}."
        )
    benchmark.entries(config)  # a mistake in them comes first
    evaluator = make_evaluator(config)
    config = config_lib.override(config, {"table.sha256": evaluator.sha256})
    settings = config_lib.to_dict(config)
    # More strategies, seeds or queries may be added to what is there.
    stop = settings.pop("benchmark")["stop_at_best"]
    settings = {k: v for k, v in settings.items() if k not in ("strategy", "seed")}
    del settings["num_trials"]
    settings |= {"mode": "benchmark", "benchmark": {"stop_at_best": stop}}
    with RunDirectory(workdir, settings) as run:
        runs = benchmark.Benchmark(run, evaluator, config)
        run.begin()
        total = sum(entry.num_seeds for entry in runs.entries)
        jobs = runs.missing()
        before = total - len(jobs)
        progress_fn(before, total)
        for done, _ in enumerate(runs.execute(jobs), start=before + 1):
            progress_fn(done, total)
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
    paths = [pathlib.Path(path).expanduser().absolute() for path in workdirs]
    folder = pathlib.Path(workdir).expanduser().absolute()
    if folder in paths:
        raise ValueError(f"{folder} is one of the searches; compare in another folder.")
    runs = [comparison.read_search(path) for path in paths]
    seen: dict[tuple, pathlib.Path] = {}
    for run, path in zip(runs, paths, strict=True):
        other = seen.setdefault((run.strategy, run.seed), path)
        if other is not path:
            raise ValueError(
                "Searches must differ in strategy or seed, got "
                f"{run.strategy} with seed {run.seed} in {other} and in {path}."
            )
    first, *others = (_measured(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        for name, value in first.items():
            if other[name] != value:
                raise ValueError(
                    f"Searches must have the same {name} to be compared, got {value!r} "
                    f"in {paths[0]} and {other[name]!r} in {path}."
                )
    objective = evaluators.Objective(**first["objective"])
    goal = comparison.best_value(runs, objective.maximize)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"Workdir {folder} can't be written: {error.strerror}."
        ) from None
    return _compare(folder, runs, objective, "test", goal)


def _measured(workdir: pathlib.Path) -> dict:
    """Returns what must be the same in searches for a comparison to mean anything."""
    summary = json.loads((workdir / "summary.json").read_text())
    config = json.loads((workdir / "config.json").read_text())
    return {
        "objective": summary["objective"],
        "space": summary["space"],
        "evaluator": summary["evaluator"],
        "table.sha256": config.get("table", {}).get("sha256", ""),
    }


def _benchmark_json(config: Config, evaluator, goal: float, runs) -> dict:
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
    runs: list[comparison.Run],
    objective: evaluators.Objective,
    test_name: str,
    goal: float,
) -> list[dict]:
    """Writes tables and figures of runs; returns the rows."""
    from nao import report

    groups = comparison.group(runs, objective.maximize)
    rows = comparison.summarise(groups, goal)
    (folder / "summary.md").write_text(comparison.to_markdown(rows))
    (folder / "summary.csv").write_text(comparison.to_csv(rows))
    figures = {
        "regret": report.draw_regret(groups, goal, objective.name),
        "queries": report.draw_queries(groups, goal),
        "seconds": report.draw_seconds(groups),
    }
    if test_name and not all(np.isnan(run.test).all() for run in runs):
        figures["test"] = report.draw_test(groups, f"{test_name} of the best so far")
    for name, figure in figures.items():
        report.save(figure, folder / "figures" / name)
    return rows
