"""The tooltips of the page: what a pointer on a mark shows of its trial or ascent."""

import numpy as np

from nao.evaluators import Evaluation, precision
from nao.report import answer, figures, latent_map, predictions, rounding, slots
from nao.report.latent_map import LatentMap
from nao.report.predictions import Predictions
from nao.report.words import in_words
from nao.runs import StoredRun, ledger

_NUM_DRAWN = 8  # best architectures that are drawn; the others are put into words


def tooltips(run: StoredRun, latent: LatentMap | None) -> dict[str, dict]:
    """Returns the tooltip of each mark, by its `data-trial` attribute.

    Args:
        run: The search.
        latent: Its latent map, whose ascents have tooltips too; None without one.

    Returns:
        For each mark `title`, `lines` of text, and its architecture twice: `words`, in
        lines of text, and `drawing`, as a data URI, which is None for all but the best.
    """
    drawn = _drawn(run)
    fits = {} if latent is None else _fits(run, latent)
    foretold = predictions.of_trials(run)
    found = {}
    for trial in figures.shown(run):
        found[str(trial.index)] = {
            "title": f"Trial {trial.index}, round {trial.round}",
            "lines": [*_lines(run, trial, foretold), *fits.get(trial.index, [])],
            "words": in_words(run.space, trial.tokens),
            "drawing": answer.drawing_uri(run, trial) if trial.index in drawn else None,
        }
    if latent is not None:
        found |= _ascents(run, latent)
    return found


def _drawn(run: StoredRun) -> set[int]:
    """Returns the numbers of the trials whose architecture is drawn."""
    if slots.is_made_of_slots(run.space):
        return set()  # words say all
    best = figures.best_first(run)[:_NUM_DRAWN].tolist()
    return {i for i in best if run.trials[i].value is not None}


def _lines(run: StoredRun, trial: ledger.Trial, foretold: Predictions) -> list[str]:
    """Says what a trial measured and what was predicted for it."""
    name = run.objective.label
    if trial.value is None:
        lines = [f"failed: {trial.evaluation.reason}"]
    else:
        budget = "" if trial.is_full else f", with budget {trial.budget:g}"
        lines = [f"{name}: {rounding.text(run, trial.value)}{budget}"]
        lines += [f"measured again: {_again(run, each)}" for each in trial.repeats]
        named = run.goals.named(trial.evaluation)
        more = run.goals.columns[1:]
        lines += [f"{each.label}: {named[each.name]:.6g}" for each in more]
    if trial.predicted is None:
        return [*lines, "not predicted: drawn without a model"]
    if trial.index not in foretold.values:
        return lines
    guess = rounding.to_places(foretold.values[trial.index], foretold.decimals)
    return [*lines, f"predicted{_of(run)} before: {guess}"]


def _again(run: StoredRun, measured: Evaluation) -> str:
    """Says what a finalist's further measurement came to."""
    return measured.reason or rounding.text(run, measured.value)


def _of(run: StoredRun) -> str:
    """Says of which of several goals a prediction is; nothing where there is one."""
    return f" of {run.objective.label}" if len(run.goals.columns) > 1 else ""


def _fits(run: StoredRun, latent: LatentMap) -> dict[int, list[str]]:
    """Says what the last controller predicts, in the objective's unit, by trial."""
    said = f"predicted{_of(run)} by the last fit"
    rows = zip(latent.trials, latent.predicted.mean, latent.predicted.std, strict=True)
    return {t.index: [f"{said}: {precision.estimate(m, s)}"] for t, m, s in rows}


def _ascents(run: StoredRun, latent: LatentMap) -> dict[str, dict]:
    """Returns the tooltip of each ascent: the best new architecture along it."""
    # An ascent may lead to another sequence of a function that was measured already.
    measured = {_function(run, trial.tokens): trial for trial in latent.trials}
    found = {}
    for number, (start, tokens) in enumerate(
        zip(latent.starts, latent.found, strict=True)
    ):
        trial = measured.get(_function(run, tokens))
        found[latent_map.key_of(number)] = {
            "title": f"Ascent from trial {start.index}",
            "lines": _ascent_lines(run, latent, number, trial),
            "words": in_words(run.space, tokens),
            "drawing": None,
        }
    return found


def _ascent_lines(
    run: StoredRun, latent: LatentMap, number: int, trial: ledger.Trial | None
) -> list[str]:
    """Says what an ascent found.

    Args:
        run: The search.
        latent: Its latent map.
        number: The ascent's.
        trial: What measured the architecture that it found; None where none did.
    """
    start, tokens = latent.starts[number], latent.found[number]
    name = run.objective.label
    lines = [f"{name} at its start: {rounding.text(run, start.value)}"]
    if _function(run, tokens) == _function(run, start.tokens):
        return [*lines, "all along it the decoder writes its start"]
    mean, std = latent.promised.mean[number], latent.promised.std[number]
    lines.append(
        f"predicted for the best cell along it: {precision.estimate(mean, std)}"
    )
    if trial is not None:
        value = rounding.text(run, trial.value)
        lines.append(f"that cell is trial {trial.index}: {value}")
    return lines


def _function(run: StoredRun, tokens: np.ndarray) -> bytes:
    """Returns a key that is equal for sequences [length] of the same function."""
    (key,) = run.space.keys(run.space.canonical(tokens[None]))
    return key
