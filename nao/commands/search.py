"""Finds the best architecture: `--mode=search`."""

import functools
import os
import pathlib
from collections.abc import Callable

from nao.commands import build, outcome, report
from nao.commands.request import Request
from nao.config import Config
from nao.evaluators.base import SourcedEvaluator
from nao.runs import directory, reader
from nao.search import Result, search
from nao.system import interrupts, threads


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
        print("This run is finished; a larger --config.num_trials continues it.")
    next_command = functools.partial(request.next_command, folder)
    print(outcome.of_search(result.summary, str(folder), next_command))


def run_search(
    config: Config,
    workdir: str | os.PathLike,
    begin_fn: Callable[[], None] = lambda: None,
) -> Result:
    """Runs, or continues, the search that a config describes, and reports its outcome.

    Figures of the best architecture and of the progress go to `figures/` in the folder,
    and a page with all there is to see to `report.html`.

    Args:
        config: The experiment.
        workdir: Folder of the run.
        begin_fn: As of `nao.search`.

    Raises:
        ValueError: As `nao.search` does, and if the parts of the config do not fit.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    evaluator = build.evaluator(config)
    result = search(
        build.strategy(config, evaluator.space),
        evaluator,
        num_trials=config.num_trials,
        workdir=workdir,
        seed=config.seed,
        storage=config.storage,
        warm_start=config.warm_start,
        config=config,
        content=evaluator.content,
        begin_fn=begin_fn,
    )
    folder = directory.absolute(workdir)
    # Figures take seconds, and Matplotlib drops what is raised in its callbacks.
    with interrupts.stoppable():
        _draw(result, evaluator, folder / "figures")
    with interrupts.stoppable():
        report.write_page(reader.read(folder), report.population(evaluator))
    return result


def _draw(result: Result, evaluator: SourcedEvaluator, folder: pathlib.Path) -> None:
    from nao import report as drawing  # Matplotlib takes a second to import.

    figures = {"progress": drawing.draw_progress(result.trials, evaluator.objective)}
    if result.best is not None:
        figures["best"] = drawing.draw_architecture(evaluator.space, result.best.tokens)
    folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        drawing.save(figure, folder / name)
