"""`nao.search`: runs a search from its arguments to its result."""

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from nao.evaluators import Evaluator
from nao.search import arguments as arguments_lib
from nao.search import failures
from nao.search import settings as settings_lib
from nao.search.bar import SearchBar
from nao.search.loop import Loop, Result, RoundFn
from nao.search.rounds import Proposer
from nao.strategies import Strategy
from nao.system import interrupts
from nao.system.compiling import CompileMonitor


def search(
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    num_trials: int,
    workdir: str | os.PathLike,
    seed: int = 0,
    storage: str = "",
    warm_start: str | os.PathLike = "",
    config: Any = None,
    content: Mapping[str, str] | None = None,
    progress: bool = True,
    begin_fn: Callable[[], None] = lambda: None,
    round_fn: RoundFn | None = None,
) -> Result:
    """Searches, or continues the search that is in `workdir`.

    Args:
        strategy: Who proposes; its space is the space of the search.
        evaluator: Where numbers come from.
        num_trials: Budget of evaluations, failed ones and the random round included.
        workdir: Folder of the run.
        seed: Seed of everything random.
        storage: Optuna storage URL of the ledger; SQLite in the folder by default.
        warm_start: Folder of an earlier run over the same space, whose trials are told
            to the strategy first and not evaluated again; they do not count as trials.
        config: What to write to `config.json` and to compare with a run that is there,
            a dataclass; what strategy and evaluator say of themselves by default.
        content: SHA-256 of what the numbers come from, by name; a run is continued on
            the same content alone.
        progress: Whether to show on stderr how far it is: a bar, or a line a round.
        begin_fn: Called when the run is in its folder, to be continued; not of one that
            was finished.
        round_fn: Called after every round with all trials so far, to watch a search.

    Returns:
        The best trial, all trials and the summary.

    Raises:
        TypeError: If strategy or evaluator is none.
        ValueError: If they are of different spaces, another argument is out of range,
            `workdir` can't be used, or every evaluation has failed when a round ends;
            the trials are kept, and the same call goes on with the next round.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    arguments_lib.check(strategy, evaluator)
    arguments = settings_lib.of_arguments(num_trials, seed, storage, warm_start)
    settings = settings_lib.of_search(config, strategy, evaluator, content or {})
    with contextlib.ExitStack() as stack:
        monitor = stack.enter_context(CompileMonitor())
        run = stack.enter_context(settings.open(workdir, arguments))
        loop = Loop(strategy, evaluator, run, Proposer(strategy, seed), storage)
        stack.callback(loop.close)
        loop.begin(warm_start, content or {})
        if loop.is_finished(num_trials):
            failures.check(loop.ledger.trials, run.path, is_over=True)
            return loop.result(loop.before, was_finished=True)
        begin_fn()
        return _run(loop, num_trials, monitor, progress, round_fn)


def _run(
    loop: Loop,
    num_trials: int,
    monitor: CompileMonitor,
    progress: bool,
    round_fn: RoundFn | None,
) -> Result:
    """Runs what is left of a search, and shows how far it is."""
    bar = SearchBar(loop.ledger, num_trials, loop.evaluator, progress)
    # From here on a signal is remembered: rounds end where that is safe.
    with bar, interrupts.stoppable() as check:
        is_exhausted = _run_rounds(loop, num_trials, monitor, bar, check, round_fn)
        return loop.result(loop.finish(num_trials, is_exhausted, monitor))


def _run_rounds(
    loop: Loop,
    num_trials: int,
    monitor: CompileMonitor,
    bar: SearchBar,
    check: Callable[[], None],
    round_fn: RoundFn | None,
) -> bool:
    """Runs rounds to their end, and sums up where they are stopped before."""
    try:
        is_exhausted = loop.run_rounds(num_trials, bar, check, round_fn)
        failures.check(loop.ledger.trials, loop.run.path, is_over=True)
    except (KeyboardInterrupt, failures.NothingSucceededError):
        loop.write_summary(num_trials, monitor)
        raise
    return is_exhausted
