"""What the page shows of a trial or an ascent where a pointer rests on its marks."""

import numpy as np

from nao.report import answer, figures, latent_map
from nao.report.latent_map import LatentMap
from nao.report.words import in_words
from nao.runs import ledger
from nao.runs.reader import StoredRun as Run

_NUM_DRAWN = 8  # best architectures that are drawn; the others are put into words


def notes(run: Run, latent: LatentMap | None) -> dict[str, dict]:
    """Returns title, lines and architecture by what the marks carry."""
    drawn = _best(run)
    fits = {} if latent is None else _fits(latent)
    found = {}
    for trial in figures.shown(run):
        found[str(trial.index)] = {
            "title": f"Trial {trial.index}, round {trial.round}",
            "lines": [*_lines(run, trial), *fits.get(trial.index, [])],
            "words": in_words(run.space, trial.tokens),
            "drawing": answer.drawing(run, trial) if trial.index in drawn else None,
        }
    if latent is not None:
        found |= _ascents(run, latent)
    return found


def _best(run: Run) -> set[int]:
    best = figures.best_first(run)[:_NUM_DRAWN].tolist()
    return {i for i in best if run.trials[i].value is not None}


def _lines(run: Run, trial: ledger.Trial) -> list[str]:
    name = figures.name(run)
    if trial.value is None:
        lines = [f"failed: {trial.evaluation.reason}"]
    else:
        lines = [f"{name}: {figures.number(trial.value)}"]
    if trial.predicted is None:
        return [*lines, "not predicted: drawn without a model"]
    return [*lines, f"predicted, in the unit of its round's fit: {trial.predicted:.3g}"]


def _fits(latent: LatentMap) -> dict[int, list[str]]:
    """Returns what the last controller predicts, in the unit of the objective."""
    rows = zip(latent.trials, latent.predicted.mean, latent.predicted.std, strict=True)
    return {t.index: [f"by the last fit: {_range(m, s)}"] for t, m, s in rows}


def _ascents(run: Run, latent: LatentMap) -> dict[str, dict]:
    """Returns what to show of each ascent: the best new architecture along it."""
    name = figures.name(run)

    def function(tokens: np.ndarray) -> bytes:
        (key,) = run.space.keys(run.space.canonical(tokens[None]))
        return key

    measured = {function(trial.tokens): trial for trial in latent.trials}
    found = {}
    for number, (start, tokens) in enumerate(
        zip(latent.starts, latent.found, strict=True)
    ):
        lines = [f"{name} at its start: {figures.number(start.value)}"]
        if function(tokens) == function(start.tokens):
            lines.append("all along it the decoder writes its start")
        else:
            mean, std = latent.promised.mean[number], latent.promised.std[number]
            lines.append(f"predicted for the best cell along it: {_range(mean, std)}")
            trial = measured.get(function(tokens))
            if trial is not None:
                value = figures.number(trial.value)
                lines.append(f"that cell is trial {trial.index}: {value}")
        found[latent_map.key_of(number)] = {
            "title": f"Ascent from trial {start.index}",
            "lines": lines,
            "words": in_words(run.space, tokens),
            "drawing": None,
        }
    return found


def _range(mean: float, std: float) -> str:
    return f"{figures.number(mean)} ± {std:.2g}"
