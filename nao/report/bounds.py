"""Numbers that charts can draw: differences and squares of larger ones overflow."""

import dataclasses

import numpy as np

from nao.runs import StoredRun
from nao.runs.trial import Trial

LARGEST = 1e150


def clip(values: np.ndarray) -> np.ndarray:
    """Brings values to the largest that charts can draw; NaN stays."""
    return np.clip(values, -LARGEST, LARGEST)


def is_bounded(run: StoredRun) -> bool:
    """Says whether charts can draw all values of a run as they are."""
    return all(abs(trial.value or 0.0) <= LARGEST for trial in run.trials)


def bounded(run: StoredRun) -> StoredRun:
    """Returns a run whose values are brought to the largest that charts can draw."""
    population = run.population
    if population is not None:
        population = clip(population)
    trials = bounded_trials(run.trials)
    return dataclasses.replace(run, trials=trials, population=population)


def bounded_trials(trials: list[Trial]) -> list[Trial]:
    """Returns trials whose values are brought to the largest that charts can draw."""
    return [
        trial
        if abs(trial.value or 0.0) <= LARGEST
        else dataclasses.replace(
            trial,
            evaluation=dataclasses.replace(
                trial.evaluation, value=float(np.copysign(LARGEST, trial.value))
            ),
        )
        for trial in trials
    ]
