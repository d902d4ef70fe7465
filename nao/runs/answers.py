"""Which trials of a search are its answers: the best, or a front, within the bounds."""

import numpy as np

from nao.controller import fronts
from nao.evaluators import Goals
from nao.runs.trial import Trial


def best_of(trials: list[Trial], goals: Goals) -> Trial | None:
    """Returns the best of some trials, the first where several tie; None of none.

    By the first objective, then the next ones, so it is in the front. Only those of the
    full budget that keep the bounds compete.
    """
    done = allowed(trials, goals)
    if not done:
        return None
    if len(goals.objectives) == 1:  # what most searches ask for after every trial
        return max(done, key=lambda trial: goals.objective.sign * trial.value)
    return max(done, key=lambda trial: _scores([trial], goals)[0].tolist())


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
