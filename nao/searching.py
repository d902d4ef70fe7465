"""`nao.search`: the loop, and what there is to look at once it ends.

Above the report, which the loop knows nothing of; `launch.py` searches by this, too.
"""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from nao.evaluators import Evaluator, TableEvaluator
from nao.runs import StoredRun, reader
from nao.search import Result, settings, study
from nao.search.limits import Limits
from nao.search.watching import BeginFn, RoundFn, TrialFn, Watch
from nao.strategies import Strategy
from nao.system import interrupts


def search(
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    num_trials: int,
    workdir: str | os.PathLike,
    max_cost: float = 0.0,
    num_finalists: int = 1,
    seed: int = 0,
    storage: str = "",
    warm_start: str | os.PathLike = "",
    config: Any = None,
    content: Mapping[str, str] | None = None,
    progress: bool = True,
    on_begin: BeginFn | None = None,
    on_trial: TrialFn | None = None,
    on_round: RoundFn | None = None,
    report: bool = True,
) -> Result:
    """Searches, or continues the search in `workdir`.

    Args:
        strategy: Who proposes; its space is the space of the search.
        evaluator: Where numbers come from.
        num_trials: Most evaluations, failed and partial ones included.
        max_cost: Most that all may cost together, in full evaluations; 0 for any.
        num_finalists: How many of the best are measured again, to choose by the mean.
        workdir: Folder of the run.
        seed: Seed of everything random.
        storage: Optuna storage URL of the ledger; by default SQLite in the folder.
        warm_start: Folder of an earlier run over the same space, whose trials the
            strategy learns first; they are not evaluated again and do not count.
        config: A dataclass to write to `config.json` and compare with a run's that is
            there; by default what strategy and evaluator say of themselves.
        content: SHA-256 of what the numbers come from, by name; a run keeps to it.
        progress: Whether to show on stderr how far it is: a bar, or a line a round.
        on_begin: Called when the run is in its folder; not of one that was finished.
        on_trial: Called once with each trial when it is in the ledger. What it raises
            stops the search, and the same call goes on with the next trial.
        on_round: Called after every round with all trials so far, to watch a search.
        report: Whether to write `report.html` and `figures/` at the end.

    Returns:
        The best trial, all trials and the summary.

    Raises:
        TypeError: If strategy or evaluator is none.
        ValueError: If they don't fit together, an argument is out of range, `workdir`
            can't be used, or every evaluation has failed when a round ends; the trials
            are kept, and the same call goes on with the next round.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    allowed = Limits(num_trials, max_cost, num_finalists)
    arguments = settings.of_arguments(allowed, seed, storage, warm_start)
    asked = settings.Asked(arguments, config, content or {})
    watch = Watch(progress, on_begin, on_trial, on_round)
    result = study.run(strategy, evaluator, workdir, asked, watch)
    if report:
        _report(workdir, strategy, evaluator)
    return result


def _report(
    workdir: str | os.PathLike, strategy: Strategy, evaluator: Evaluator
) -> None:
    # Matplotlib drops what a signal raises in its callbacks.
    with interrupts.stoppable():
        write_report(reader.read(workdir, strategy.space), evaluator)


def write_report(run: StoredRun, evaluator: Evaluator | None = None) -> pathlib.Path:
    """Writes what there is to look at into the folder of a run.

    Args:
        run: The run, finished or not.
        evaluator: What its numbers come from; of a table, random search is drawn too.

    Returns:
        Path of the page.

    Raises:
        ValueError: If it can't be written.
    """
    from nao import report  # Matplotlib takes a second, which the first child has not.

    # Under bounds its expected best is not that of all there are.
    if not run.goals.constraints:
        run = dataclasses.replace(run, population=_population(evaluator))
    return report.write_report(run)


def _population(evaluator: Evaluator | None) -> np.ndarray | None:
    """Returns the objectives of all architectures of a table, float64 [num]."""
    if not isinstance(evaluator, TableEvaluator):
        return None
    return np.array([value for value, _ in evaluator.values.values()])
