"""Finds the best architecture: `--mode=search`."""

import functools
import os
import pathlib
from collections.abc import Callable

from nao import searching
from nao.commands import build, outcome
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
    with request.continuable(folder):
        announcement = request.announcement(folder)
        result = run_search(config, folder, lambda: print(announcement, flush=True))
    if result.was_finished:
        print(
            "This run is finished; a larger --config.num_trials, max_cost or "
            "num_finalists goes on."
        )
    has_rule = bool(config.space.valid)
    next_command = functools.partial(
        request.next_command, folder, needs_config=has_rule
    )
    print(outcome.of_search(result.summary, str(folder), next_command))


def run_search(
    config: Config,
    workdir: str | os.PathLike,
    on_begin: Callable[[], None] | None = None,
) -> Result:
    """Runs, or continues, the search that a config describes.

    Args:
        config: The experiment.
        workdir: Folder of the run.
        on_begin: As of `nao.search`.

    Raises:
        ValueError: As `nao.search` does, and if the parts of the config do not fit.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    evaluator = build.evaluator(config)
    return searching.search(
        build.strategy(config, evaluator),
        evaluator,
        num_trials=config.num_trials,
        max_cost=config.max_cost,
        num_finalists=config.num_finalists,
        workdir=workdir,
        seed=config.seed,
        storage=config.storage,
        warm_start=config.warm_start,
        config=config,
        content=evaluator.content,
        on_begin=on_begin,
    )
