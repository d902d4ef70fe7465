"""What a search does about failures: it names the first, and stops where all fail.

One failed evaluation is a bad architecture, and the search goes on. Where nothing ever
succeeds, most likely the evaluator itself is broken, and the budget would be spent for
nothing.
"""

import collections
import os

from absl import logging

from nao.evaluators import Goals
from nao.runs.trial import Trial
from nao.spaces import Space

# In a round of one or two, bad architectures alone may be the cause.
_ENOUGH = 3


class NothingSucceededError(ValueError):
    """No evaluation of a search has succeeded."""


def check_bounds(trials: list[Trial], goals: Goals, space: Space) -> None:
    """Raises ValueError where bounds are why a search has nothing to evaluate."""
    if goals.constraints and not trials:
        raise ValueError(
            f"No architecture of space {space.name!r} was found that keeps the bounds "
            f"{goals.in_words}."
        )


def announce(trial: Trial, earlier: list[Trial]) -> None:
    """Logs the first failure of a search; later ones are only counted."""
    if trial.value is None and all(before.value is not None for before in earlier):
        logging.warning("Trial %d failed: %s", trial.index, trial.evaluation.reason)


def _all(num: int) -> str:
    return "The only evaluation" if num == 1 else f"All {num} evaluations"


def check(trials: list[Trial], path: str | os.PathLike, is_over: bool = False) -> None:
    """Stops a search without a single success.

    Called after every round, so a search that is called again goes on with the next
    round, and stops after it if that fails as well.

    Args:
        trials: All trials so far.
        path: Folder of the run.
        is_over: Whether the budget is spent or the space has run out; before, rounds of
            fewer than 3 trials are judged together.

    Raises:
        NothingSucceededError: If there are trials, and all have failed; they stay in
            the ledger.
    """
    if any(trial.value is not None for trial in trials):
        return
    if len(trials) < (1 if is_over else _ENOUGH):
        return
    reasons = collections.Counter(trial.evaluation.reason for trial in trials)
    ((reason, num),) = reasons.most_common(1)
    traced = any(trial.evaluation.traceback for trial in trials)
    more = "the same command or call"
    if is_over:
        more = "a larger num_trials, or a search in another workdir,"
    raise NothingSucceededError(
        f"{_all(len(trials))} failed, {num} of them with {reason!r}; they are kept in "
        f"{path}{', with tracebacks' * traced}. Once that is mended, {more} goes on."
    )
