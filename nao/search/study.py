"""A search from its arguments to its result."""

import contextlib
import os
from collections.abc import Callable

from nao.evaluators import Evaluator, goals_of
from nao.search import arguments as arguments_lib
from nao.search import failures, finalists
from nao.search import settings as settings_lib
from nao.search.bar import SearchBar
from nao.search.limits import Limits
from nao.search.loop import Loop
from nao.search.result import Result
from nao.search.rounds import Proposer
from nao.search.settings import Asked
from nao.search.watching import Watch
from nao.strategies import Strategy
from nao.system import interrupts
from nao.system.compiling import CompileMonitor


def run(
    strategy: Strategy,
    evaluator: Evaluator,
    workdir: str | os.PathLike,
    asked: Asked,
    watch: Watch,
) -> Result:
    """Searches, or continues a search: all of `nao.search` but its report.

    Args:
        strategy: Who proposes.
        evaluator: Where numbers come from.
        workdir: Folder of the run.
        asked: The other arguments.
        watch: Who is told how it goes on.

    Raises:
        TypeError: As `nao.search` does.
        ValueError: As `nao.search` does.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    arguments_lib.check(strategy, evaluator)
    settings = settings_lib.of_search(asked.config, strategy, evaluator, asked.content)
    names = Limits._fields
    allowed = Limits(**{name: asked.arguments[name] for name in names})
    goals = goals_of(strategy, evaluator)
    allowed = finalists.checked(allowed, goals, evaluator)
    with contextlib.ExitStack() as stack:
        monitor = stack.enter_context(CompileMonitor())
        folder = stack.enter_context(settings.open(workdir, asked.arguments))
        proposer = Proposer(strategy, asked.arguments["seed"])
        loop = Loop(strategy, evaluator, folder, proposer, asked.arguments["storage"])
        stack.callback(loop.close)
        loop.begin(asked.arguments["warm_start"], asked.content)
        if loop.is_finished(allowed):
            failures.check(loop.ledger.trials, folder.path, is_over=True)
            return loop.result(loop.before, was_finished=True)
        if watch.on_begin is not None:
            watch.on_begin()
        return _run(loop, allowed, monitor, watch)


def _run(loop: Loop, allowed: Limits, monitor: CompileMonitor, watch: Watch) -> Result:
    """Runs what is left of a search, and shows how far it is."""
    bar = SearchBar(loop.ledger, allowed, loop.evaluator, watch.progress)
    # From here on a signal is remembered: rounds end where that is safe.
    with bar, interrupts.stoppable() as check:
        is_exhausted = _run_rounds(loop, allowed, monitor, bar, check, watch)
        return loop.result(loop.finish(allowed, is_exhausted, monitor))


def _run_rounds(
    loop: Loop,
    allowed: Limits,
    monitor: CompileMonitor,
    bar: SearchBar,
    check: Callable[[], None],
    watch: Watch,
) -> bool:
    """Runs rounds and finalists to the end, and sums up where they are stopped."""
    try:
        is_exhausted = loop.run_rounds(allowed, bar, check, watch)
        failures.check(loop.ledger.trials, loop.run.path, is_over=True)
        loop.measure_again(allowed, check)
    except (KeyboardInterrupt, failures.NothingSucceededError):
        loop.write_summary(allowed, monitor)
        raise
    return is_exhausted
