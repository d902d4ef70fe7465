"""The figure of a search's progress, and what all figures of the page share."""

import numpy as np

from nao.evaluators.base import ROUNDING
from nao.report import chart, rounding
from nao.report.chart import Chart
from nao.report.curves import best_so_far, expected_best, outside
from nao.report.markup import Element
from nao.runs import StoredRun, ledger

_MOST_MARKS = 2000  # trials with a mark and a row of their own


def shown(run: StoredRun) -> list[ledger.Trial]:
    """Returns the trials that get a mark and a row: all, or as many as a page holds.

    Of a long search half of those shown are its best trials; the other half are spread
    evenly over the rest, in order of evaluation. Its front is always among them.
    """
    if len(run.trials) <= _MOST_MARKS:
        return run.trials
    order = best_first(run)
    half = _MOST_MARKS // 2
    rest = np.sort(order[half:])
    spread = rest[np.linspace(0, len(rest) - 1, half).astype(int)]
    front = [trial.index for trial in run.front]
    return [run.trials[i] for i in sorted({*order[:half], *spread, *front})]


def best_first(run: StoredRun) -> np.ndarray:
    """Returns the numbers of all trials, the best first.

    Those of smaller budgets follow, of the largest of these the best first, and those
    that failed are last.
    """
    signed = ledger.objectives(run.trials, run.objective)
    budgets = ledger.budgets(run.trials)
    full = np.zeros(len(signed)) if budgets is None else -budgets
    return np.lexsort((-np.nan_to_num(signed, nan=-np.inf), full, np.isnan(signed)))


def progress(run: StoredRun) -> Element:
    """Draws every trial, the best so far, and random search on the same axis."""
    measured = run.objective.sign * ledger.comparable(run.trials, run.objective)
    is_outside = outside(measured, run.objective)
    best = best_so_far(run.trials, run.objective, run.goals)
    y = _progress_ends(run, measured, is_outside, best)
    drawn = Chart(
        f"{run.objective.label} of each trial and the best so far",
        (0.5, len(measured) + 0.5),
        y,
        ("trials evaluated", run.objective.label),
        whole_x=True,
    )
    keys = [("trial", "trial"), ("best", "best so far")]
    if run.at_random:
        drawn.band((0.5, len(run.at_random) + 0.5), "band")
        keys.append(("band", "random round"))
    random = None
    if run.population is not None:
        random = _random_search(run)
    keys += _draw_random_search(drawn, run, random, y)
    if np.isfinite(best).any():
        first = int(np.argmax(np.isfinite(best)))
        edges = (
            np.arange(len(measured) + 1) + 0.5
        )  # trial n reaches from n - 0.5 to + 0.5
        drawn.steps(edges[first:], best[first:], "best")
        drawn.note(edges[-1], best[-1], rounding.text(run, best[-1]), "value")
    keys += _draw_trials(drawn, run, is_outside)
    return chart.figure(drawn, _progress_caption(run, best, random), *keys)


def _random_search(run: StoredRun) -> np.ndarray:
    """Returns what random search finds on average at the cost up to each trial.

    float64 [num], NaN before that is a full evaluation.
    """
    spent = np.cumsum([trial.cost for trial in run.trials]) + ROUNDING
    num = np.floor(spent).astype(int)
    found = expected_best(run.population, max(num[-1], 1), run.objective)
    return np.where(num > 0, found[np.maximum(num, 1) - 1], np.nan)


def _progress_ends(
    run: StoredRun, values: np.ndarray, is_outside: np.ndarray, best: np.ndarray
) -> tuple[float, float]:
    """Returns the ends of the vertical axis, with space for the marks on its edges."""
    failed = np.isnan(values)
    inside = values[~failed & ~is_outside]
    low, high = chart.extent([*inside, *best[np.isfinite(best)]])
    pad = 0.08 * (high - low)
    # Trials that failed are marked on the lower edge, those outside on the worse one.
    worse_is_low = run.objective.maximize
    at_low = failed.any() or (worse_is_low and is_outside.any())
    at_high = not worse_is_low and (failed.any() or is_outside.any())
    return low - at_low * pad, high + at_high * pad


def _draw_random_search(
    drawn: Chart, run: StoredRun, random: np.ndarray | None, y: tuple[float, float]
) -> list[tuple[str, str]]:
    """Draws what random search finds, or found here; returns its key, if any.

    Args:
        drawn: The chart.
        run: The search.
        random: Expected best of random search after each trial, float64 [num]; None
            where it is not known, and the best of the random round is drawn.
        y: Ends of the vertical axis, which leaves out the rest of the line.
    """
    num = len(run.trials)
    if random is not None:
        visible = (random >= y[0]) & (random <= y[1])
        drawn.line(np.arange(1, num + 1)[visible], random[visible], "random")
        return [("random", "random search, expected best")]
    # Where nothing was better since, the best so far ends there anyway.
    at_random, best = _first_best(run, run.at_random), _first_best(run, run.trials)
    if np.isnan(at_random) or at_random == best:
        return []
    drawn.line([0.5, num + 0.5], [at_random] * 2, "random")
    return [("random", f"best of {len(run.at_random)} at random")]


def _first_best(run: StoredRun, trials: list[ledger.Trial]) -> float:
    """Returns the best of first values, which are what is drawn; NaN of none."""
    best = best_so_far(trials, run.objective, run.goals)
    return best[-1] if len(best) else np.nan


def _draw_trials(
    drawn: Chart, run: StoredRun, is_outside: np.ndarray
) -> list[tuple[str, str]]:
    """Draws the mark of each trial; returns the keys of those on the edges."""
    for trial in shown(run):
        x = trial.index + 1
        if trial.value is None:
            drawn.cross(x, "failed", trial.index)
        elif not trial.is_full:
            continue  # another kind of number
        elif is_outside[trial.index]:
            drawn.arrow(x, "outside", trial.index, not run.objective.maximize)
        else:
            drawn.dot(x, trial.value, "trial", trial.index)
    keys = []
    if is_outside.any():
        side = "below" if run.objective.maximize else "above"
        keys.append((f"outside {side}", f"{side} the axis: {is_outside.sum()}"))
    if run.failed:
        keys.append(("failed", f"failed: {len(run.failed)}"))
    return keys


def _progress_caption(
    run: StoredRun, best: np.ndarray, random: np.ndarray | None
) -> str:
    """Says what the dots are, and what random search would have found if known."""
    caption = "Each dot is an architecture that was evaluated."
    num_partial = sum(not trial.is_full for trial in run.trials)
    if num_partial:
        caption += f" {num_partial} with less than the full budget are left out."
    num, first = len(run.at_random), _first_best(run, run.at_random)
    if num < len(run.trials) and first == best[-1]:
        caption += " None was better than the best of the random round."
    if run.finalists and run.best is not None:
        which = "last" if run.objective.drifts else "mean"
        caption += (
            f" The best few were measured again, which is not drawn: by the {which}, "
            f"the best is trial {run.best.index}."
        )
    if random is None or np.isnan(best[-1]) or np.isnan(random[-1]):
        return caption
    when = "At the same cost" if num_partial else f"After {len(best)} trials"
    return (
        f"{caption} {when} random search would have found "
        f"{rounding.text(run, random[-1])} on average, by all "
        f"{len(run.population)} values of the table."
    )
