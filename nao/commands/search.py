"""Finds the best architecture: `--mode=search`."""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

from nao import searching
from nao.commands import build
from nao.commands.request import Request
from nao.config import Config
from nao.search import Result
from nao.system import threads


def run(request: Request) -> None:
    """Searches, or goes on with a search, and prints what it found."""
    config = request.config()
    threads.tell_failures_in_a_line()
    build.use_devices(config)  # First of all: JAX keeps the devices it finds first.
    folder = request.folder(pathlib.Path(request.config_name).stem)
    request.announce(folder)
    with request.continuable(folder):
        result = run_search(config, folder)
    if result.was_finished:
        print("This run is finished; a larger --config.num_trials continues it.")
    _print_outcome(result.summary, folder)


def run_search(config: Config, workdir: str | os.PathLike) -> Result:
    """Runs, or continues, the search that a config describes.

    Raises:
        ValueError: As `nao.search` does, and if the parts of the config do not fit.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    evaluator = build.evaluator(config)
    return searching.search(
        build.strategy(config, evaluator.space),
        evaluator,
        num_trials=config.num_trials,
        workdir=workdir,
        seed=config.seed,
        storage=config.storage,
        warm_start=config.warm_start,
        config=config,
        content=evaluator.content,
    )


def _print_outcome(summary: Mapping[str, Any], workdir: pathlib.Path) -> None:
    """Prints the outcome of a search."""
    best, at_random = summary["best"], summary["random_best"]
    if summary["exhausted"]:
        print(f"The space has no more architectures than {summary['num_trials']}.")
    print(
        f"{summary['num_trials']} trials, {summary['num_failed']} failed, "
        f"{summary['seconds']['total']:.0f} s."
    )
    if best is None:
        print("No evaluation succeeded; see metrics.jsonl for the reasons.")
        return
    name = summary["objective"]["name"]
    if at_random["num_trials"]:  # None after a warm start: all was predicted.
        print(
            f"Best of the random round ({at_random['num_trials']}): "
            f"{name} {at_random['objective']}"
        )
    print(f"Best: {name} {best['objective']:.6g} in trial {best['trial']}")
    for test, value in (best["test"] or {}).items():
        print(f"  {test} {value:.6g}")
    print(f"  {best['architecture']}\nWritten to {workdir}")
