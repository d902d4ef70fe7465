"""The figures of the page: progress, predictions, rank correlation."""

import collections

import numpy as np

from nao import ledger, summary
from nao.report import chart
from nao.report.chart import Chart
from nao.report.curves import best_so_far, expected_best, outside
from nao.report.markup import Element
from nao.report.run import Run

_MOST_MARKS = 2000  # trials with a mark and a row of their own


def shown(run: Run) -> list[ledger.Trial]:
    """Returns the trials that get a mark and a row: all, or as many as a page holds.

    Of a long search the better half are the best trials, and the others spread evenly
    over the rest.
    """
    if len(run.trials) <= _MOST_MARKS:
        return run.trials
    order = best_first(run)
    half = _MOST_MARKS // 2
    rest = np.sort(order[half:])
    spread = rest[np.linspace(0, len(rest) - 1, half).astype(int)]
    return [run.trials[i] for i in sorted({*order[:half], *spread})]


def best_first(run: Run) -> np.ndarray:
    """Returns the numbers of all trials, the best first and those that failed last."""
    signed = np.nan_to_num(ledger.objectives(run.trials, run.objective), nan=-np.inf)
    return np.argsort(-signed, kind="stable")


def number(value: float) -> str:
    """Writes an objective."""
    return f"{value:.6g}"


def name(run: Run) -> str:
    """Returns the name of the objective, with its unit."""
    unit = f" ({run.objective.unit})" if run.objective.unit else ""
    return run.objective.name.replace("_", " ") + unit


def progress(run: Run) -> Element:
    """Draws every trial, the best so far, and random search on the same axis."""
    values = run.objective.sign * ledger.objectives(run.trials, run.objective)
    is_outside = outside(values, run.objective)
    best = best_so_far(run.trials, run.objective)
    known = ~np.isnan(values)
    at_random = ledger.best_of(run.at_random, run.objective)
    random = None
    if run.population is not None:
        random = expected_best(run.population, len(values), run.objective)
    inside = values[known & ~is_outside]
    low, high = chart.extent([*inside, *best[np.isfinite(best)]])
    has_marks = is_outside.any() or not known.all()
    pad = 0.08 * (high - low) if has_marks else 0.0
    y = (low - pad, high) if run.objective.maximize else (low, high + pad)
    if not known.all() and not run.objective.maximize:
        y = (low - pad, high + pad)
    draw = Chart(
        f"{name(run)} of each trial and the best so far",
        (0.5, len(values) + 0.5),
        y,
        ("trials evaluated", name(run)),
        whole_x=True,
    )
    keys = [("trial", "trial"), ("best", "best so far")]
    if run.at_random:
        draw.band((0.5, len(run.at_random) + 0.5), "band")
        keys.append(("band", "random round"))
    edges = np.arange(len(values) + 1) + 0.5
    if random is not None:
        visible = (random >= y[0]) & (random <= y[1])
        numbers = np.arange(1, len(values) + 1)
        draw.line(numbers[visible], random[visible], "random")
        keys.append(("random", "random search, expected best"))
    elif at_random is not None and len(run.at_random) < len(values):
        draw.line([0.5, edges[-1]], [at_random.value] * 2, "random")
        keys.append(("random", f"best of {len(run.at_random)} at random"))
    if known.any():
        first = int(np.argmax(known))
        draw.steps(edges[first:], best[first:], "best")
    for trial in shown(run):
        x = trial.index + 1
        if trial.value is None:
            draw.cross(x, "failed", trial.index)
        elif is_outside[trial.index]:
            draw.arrow(x, "outside", trial.index, not run.objective.maximize)
        else:
            draw.dot(x, trial.value, "trial", trial.index)
    if is_outside.any():
        side = "below" if run.objective.maximize else "above"
        keys.append(("outside", f"{side} the axis: {is_outside.sum()}"))
    if not known.all():
        keys.append(("failed", f"failed: {(~known).sum()}"))
    return chart.figure(draw, _progress_caption(run, best, random), *keys)


def _progress_caption(run: Run, best: np.ndarray, random: np.ndarray | None) -> str:
    caption = "Each dot is an architecture that was evaluated."
    if random is None or np.isnan(best[-1]):
        return caption
    return (
        f"{caption} After {len(best)} trials random search would have found "
        f"{number(random[-1])} on average, by all {len(run.population)} values of the "
        "table."
    )


def predictions(run: Run) -> Element | None:
    """Draws predicted against measured; None where nothing was predicted.

    Every round has a fit of its own, whose scale means nothing to another; so both are
    taken from the mean of their round.
    """
    told = [t for t in run.trials if t.predicted is not None and t.value is not None]
    if not told:
        return None
    rounds = collections.defaultdict(list)
    for trial in told:
        rounds[trial.round].append((trial.predicted, trial.value))
    means = {number: np.mean(pairs, axis=0) for number, pairs in rounds.items()}
    points = [np.subtract((t.predicted, t.value), means[t.round]) for t in told]
    x, y = (chart.extent(values) for values in zip(*points, strict=True))
    draw = Chart(
        "Predicted against measured", x, y, ("predicted", f"{name(run)}, measured")
    )
    draw.line((0, 0), y, "grid")
    draw.line(x, (0, 0), "grid")
    first, last = min(rounds), max(rounds)
    visible = {trial.index for trial in shown(run)}
    for trial, point in zip(told, points, strict=True):
        if trial.index in visible:
            shade = (trial.round - first) / max(last - first, 1)
            draw.dot(*point, "shaded", trial.index, shade)
    caption = (
        "Both from the mean of their round. Predictions, higher is better, were made "
        "before the architectures were evaluated, in the unit of the round's own fit."
    )
    keys = [("shaded early", "early round"), ("shaded late", "late round")]
    return chart.figure(draw, caption, *(keys if last > first else ()))


def correlation(run: Run) -> Element | None:
    """Draws the rank correlation of each round; None where none has one."""
    rounds = [
        r
        for r in summary.of_predictions(run.trials, run.objective)
        if r["kendall_tau"] is not None
    ]
    if not rounds:
        return None
    numbers = [r["round"] for r in rounds]
    tau = [r["kendall_tau"] for r in rounds]
    x = (min(numbers) - 0.5, max(numbers) + 0.5)
    low = min(-0.1, *tau) - 0.05
    draw = Chart(
        "Rank correlation of each round",
        x,
        (low, 1.05),
        ("round", "Kendall's tau"),
        whole_x=True,
    )
    draw.line(x, (0, 0), "axis")
    draw.line(numbers, tau, "best thin")
    for x_value, value in zip(numbers, tau, strict=True):
        draw.dot(x_value, value, "round")
    sizes = [r["num"] for r in rounds]
    pairs = "1 is the same order, 0 is chance"
    fewest, most = min(sizes), max(sizes)
    size = f"{most}" if fewest == most else f"{fewest} to {most}"
    caption = (
        f"Predicted against measured order within a round of {size}: {pairs}; the mean "
        f"is {np.mean(tau):.2f}. A round holds only what was predicted to be good, so "
        "its order is hard to tell."
    )
    return chart.figure(draw, caption)
