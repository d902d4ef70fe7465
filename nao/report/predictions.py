"""What was predicted for each trial, in the unit of what was then measured."""

import itertools
from typing import NamedTuple

import numpy as np

from nao.controller import targets
from nao.evaluators import precision
from nao.report import bounds, chart, figures, rounding
from nao.report.chart import Chart
from nao.report.markup import Element
from nao.runs import StoredRun, ledger

# How strategies without a controller scale what they predict, as `targets.normalise`
# names it; empty where they predict the objective itself.
_RULES = {"bananas": "z_score", "gp": "", "forest": ""}
_LEAST_ERROR = 1e-6  # of predictions that are rounded


class Predictions(NamedTuple):
    """What was predicted, in the objective's unit.

    Attributes:
        values: By the number of the trial.
        decimals: How many of them can be told; None where that is not known.
    """

    values: dict[int, float]
    decimals: int | None


def of_trials(run: StoredRun) -> Predictions:
    """Returns what was predicted, and its decimals.

    Those of the accuracies that it foretells; of other numbers, as far as the middle
    one of all predictions was off.
    """
    found = in_unit(run)
    measured = {t.index: t.value for t in run.trials if t.value is not None}
    num = rounding.num_examples(run, run.objective.name)
    decimals = rounding.decimals(measured.values(), num)
    if decimals is None:
        decimals = _decimals([(found[i], measured[i]) for i in found if i in measured])
    return Predictions(found, decimals)


def _decimals(pairs: list[tuple[float, float]]) -> int | None:
    """Returns the decimals of predictions, given with what was measured for them."""
    if not pairs:
        return None
    predicted, measured = bounds.clip(np.array(pairs)).T
    error = float(np.median(np.abs(predicted - measured)))
    # Of what was foretold exactly, or is tiny, the numbers themselves must tell.
    return precision.decimals(error) if error > _LEAST_ERROR else None


def in_unit(run: StoredRun) -> dict[int, float]:
    """Returns what was predicted, in the objective's unit, by the number of the trial.

    A round is predicted by a fit to what was known before it, or was known last, so its
    predictions are brought back by the scale of that pool.

    Returns:
        Empty for a strategy whose predictions have a unit that is not known.
    """
    rule = _rule(run)
    if rule is None:
        return {}
    known, found, use = _warm_start(run), {}, run.record.controller_use
    recent = 0 if use is None else use.recent
    for _, group in itertools.groupby(run.trials, lambda trial: trial.round):
        trials = list(group)
        told = [trial for trial in trials if trial.predicted is not None]
        fitted = known[-recent:]
        fitted = fitted[np.isfinite(fitted)]
        if told and (len(fitted) or not rule):
            predicted = np.array([trial.predicted for trial in told], np.float64)
            values = _to_values(run, predicted, fitted, rule)
            found |= {t.index: float(v) for t, v in zip(told, values, strict=True)}
        measured = [np.nan if t.value is None else t.value for t in trials]
        known = np.append(known, measured)
    return found


def _rule(run: StoredRun) -> str | None:
    """Returns how the strategy scales what it learns from; None if that is unknown."""
    use = run.record.controller_use
    return _RULES.get(run.record.strategy) if use is None else use.config.target


def _warm_start(run: StoredRun) -> np.ndarray:
    """Returns the values, as measured, that a search began with; NaN where it failed.

    float64 [num].
    """
    asked = run.last_round() if run.config.get("warm_start") else None
    if asked is None:
        return np.zeros(0)
    objective = asked.state.pool.objective
    return run.objective.sign * objective[: len(objective) - run.num_told(asked)]


def _to_values(
    run: StoredRun, predicted: np.ndarray, known: np.ndarray, rule: str
) -> np.ndarray:
    """Maps predictions [num] to the unit of the values [num_known] they came from."""
    if not rule:
        return run.objective.sign * predicted
    return targets.scale(known, rule, run.objective.maximize).to_values(predicted)


def draw(run: StoredRun) -> Element | None:
    """Draws predicted against measured; None where nothing can be compared."""
    predicted = in_unit(run)
    told = [t for t in run.trials if t.index in predicted and t.value is not None]
    if not told:
        return None
    x = bounds.clip(np.array([predicted[trial.index] for trial in told]))
    y = np.array([trial.value for trial in told])
    ends = chart.extent(_bulk([*x, *y]))
    drawn = Chart(
        f"{run.objective.label}: predicted against measured",
        ends,
        ends,
        (f"{run.objective.label}, predicted", "measured"),
    )
    drawn.line(ends, ends, "axis dashed")
    _draw_points(drawn, run, told, np.clip([x, y], *ends))
    rounds = {trial.round for trial in told}
    caption = (
        "Predictions were made before the architectures were evaluated, each by a fit "
        "to what was known then. On the dashed line, both are equal; those beyond the "
        "axes are drawn on their edge."
    )
    more = [column.label for column in run.goals.columns[1:]]
    if more:
        caption += f" Those of {', '.join(more)} were made as well, but are not kept."
    keys = [("shaded early", "early round"), ("shaded late", "late round")]
    return chart.figure(drawn, caption, *(keys if len(rounds) > 1 else ()))


def _bulk(values: list[float]) -> np.ndarray:
    """Returns the values but for a few at either end that would squeeze an axis."""
    low, high = np.quantile(values, (0.02, 0.98))
    return np.clip(values, low, high)


def _draw_points(
    drawn: Chart, run: StoredRun, told: list[ledger.Trial], places: np.ndarray
) -> None:
    """Draws a dot for each trial, at places [2, num], shaded by its round."""
    visible = {trial.index for trial in figures.shown(run)}
    first, last = told[0].round, told[-1].round
    for trial, place in zip(told, places.T, strict=True):
        if trial.index in visible:
            shade = (trial.round - first) / max(last - first, 1)
            drawn.dot(*place, "shaded", trial.index, shade)
