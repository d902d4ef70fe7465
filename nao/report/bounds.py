"""Numbers that charts can draw: differences and squares of larger ones overflow."""

import dataclasses

import numpy as np

from nao.runs import StoredRun
from nao.runs.trial import Trial

LARGEST = 1e150


def clip(values: np.ndarray | float) -> np.ndarray:
    """Brings values to the largest that charts can draw; NaN stays."""
    return np.clip(values, -LARGEST, LARGEST)


def is_bounded(run: StoredRun) -> bool:
    """Says whether charts can draw all values of a run as they are."""
    return all(map(_is_small, run.trials))


def bounded(run: StoredRun) -> StoredRun:
    """Returns a run whose values are brought to the largest that charts can draw."""
    population = run.population
    if population is not None:
        population = clip(population)
    trials = bounded_trials(run.trials)
    return dataclasses.replace(run, trials=trials, population=population)


def bounded_trials(trials: list[Trial]) -> list[Trial]:
    """Returns trials whose values are brought to the largest that charts can draw."""
    return [trial if _is_small(trial) else _clipped(trial) for trial in trials]


def _is_small(trial: Trial) -> bool:
    """Says whether the objective and all metrics of a trial can be drawn."""
    values = (trial.value or 0.0, *trial.evaluation.metrics.values())
    return max(map(abs, values)) <= LARGEST


def _clipped(trial: Trial) -> Trial:
    found = trial.evaluation
    value = None if found.value is None else float(clip(found.value))
    metrics = {name: float(clip(number)) for name, number in found.metrics.items()}
    bounded = dataclasses.replace(found, value=value, metrics=metrics)
    return dataclasses.replace(trial, evaluation=bounded)
