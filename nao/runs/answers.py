"""Which trials of a search are its answers: the best, or a front, within the bounds."""

import numpy as np

from nao.controller import fronts
from nao.evaluators import Goals
from nao.evaluators.repeats import Components
from nao.runs import standing
from nao.runs.trial import Trial

_ENOUGH = 3  # finalists that tell how much of a value is noise


def best_of(trials: list[Trial], goals: Goals) -> Trial | None:
    """Returns the best of some trials, the first where several tie; None of none.

    With one objective by all that was measured of its architecture, see `best_first`.
    By the first of several objectives, then the next ones, so it is in the front. Only
    those of the full budget that keep the bounds compete.
    """
    if len(goals.objectives) == 1:
        return next(iter(best_first(trials, goals)), None)
    done = allowed(trials, goals)
    return max(done, key=lambda t: _scores([t], goals)[0].tolist(), default=None)


def best_first(trials: list[Trial], goals: Goals) -> list[Trial]:
    """Returns a trial for each architecture that competes for the best, best first.

    Args:
        trials: Trials of a search.
        goals: What it is for; the first objective and the bounds count.

    Returns:
        The first trial of each, with all that was measured of it; `standing` has the
        rule.
    """
    return standing.best_first(allowed(trials, goals), goals.objective.sign)


def finalists(trials: list[Trial], goals: Goals) -> list[Trial]:
    """Returns the trials that were measured again, best first, failed ones last."""
    failed = [trial for trial in trials if trial.has_failed_again]
    left = [trial for trial in trials if not trial.has_failed_again]
    again = {trial.index for trial in left if trial.repeats}
    # While a search goes on, others compete as well.
    done = [t for t in best_first(left, goals) if t.index in again] if again else []
    return [*done, *failed]


def noise(trials: list[Trial], goals: Goals) -> Components | None:
    """Returns how much of a value is the architecture, and how much is noise.

    None where fewer than three finalists were measured again, which tells too little.
    """
    done = allowed(trials, goals)
    num = sum(bool(t.repeats) and not t.has_failed_again for t in done)
    return standing.noise(done) if num >= _ENOUGH else None


def allowed(trials: list[Trial], goals: Goals) -> list[Trial]:
    """Returns the trials that may be answers: successful, full, within the bounds."""
    done = measured(trials)
    if not goals.constraints:
        return done
    kept = goals.allows(values(done, goals))
    return [trial for trial, is_kept in zip(done, kept, strict=True) if is_kept]


def front_of(trials: list[Trial], goals: Goals) -> list[Trial]:
    """Returns the trials that no other one dominates, within the bounds.

    From best to worst in the first objective; with one objective that is the best
    alone.
    """
    if len(goals.objectives) == 1:
        return best_first(trials, goals)[:1]
    done = allowed(trials, goals)
    scores = _scores(done, goals)
    optimal = np.flatnonzero(fronts.is_optimal(scores))
    order = optimal[np.argsort(-scores[optimal, 0], kind="stable")]
    return [done[row] for row in order]


def _scores(trials: list[Trial], goals: Goals) -> np.ndarray:
    """Returns the sign-corrected objectives, float64 [num, objectives]."""
    return values(trials, goals)[:, : len(goals.objectives)]


def values(trials: list[Trial], goals: Goals) -> np.ndarray:
    """Returns the sign-corrected columns of the goals, float64 [num, columns].

    NaN where a trial failed or lacks a metric.
    """
    rows = [goals.signs * goals.measure(trial.evaluation) for trial in trials]
    return np.array(rows, np.float64).reshape(-1, len(goals.columns))


def measured(trials: list[Trial]) -> list[Trial]:
    """Returns the trials whose values may be compared: successful, of full budget."""
    return [trial for trial in trials if trial.value is not None and trial.is_full]
