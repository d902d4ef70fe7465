"""The figure of a search's progress: what every trial measured, the best so far."""

import itertools

import numpy as np
from matplotlib import transforms
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.evaluators import Goals, Objective
from nao.report import ticks
from nao.report.bounds import bounded_trials
from nao.report.curves import best_so_far, outside
from nao.runs import ledger

_SIZE = (7.5, 4.2)  # inches
_DOT, _LINE, _FAILED = "#56B4E9", "#0072B2", "#D55E00"  # Okabe & Ito (2008)
_SHADE, _GREY, _INK = "#F0F0F0", "#777777", "#222222"
_SMALL = 8  # points, font size
_CHARACTER = 0.07  # inches, width of a small letter, rather too large
_PAD = 0.06  # space beyond the extreme values, share of the axis


def draw_progress(
    trials: list[ledger.Trial], objective: Objective, goals: Goals | None = None
) -> Figure:
    """Draws the objective of each trial and the best so far, by number of trials.

    Failed trials are crosses on the lower edge. A few trials far worse than the rest
    are arrowheads on the edge instead of a squeezed axis; the legend counts both.

    Args:
        trials: In order of evaluation, at least one.
        objective: What was measured.
        goals: Those of the search, where it has bounds that a best must keep.

    Returns:
        A figure, free of pyplot's global state.

    Raises:
        ValueError: If there are no trials.
    """
    if not trials:
        raise ValueError("Progress needs at least one trial, got none.")
    trials = bounded_trials(trials)
    # Values of smaller budgets are of another kind, and not drawn.
    values = objective.sign * ledger.comparable(trials, objective)
    failed = np.array([trial.value is None for trial in trials])
    is_outside = outside(values, objective)
    inside = ~(np.isnan(values) | is_outside)

    figure = Figure(figsize=_SIZE, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)  # inches
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlim(0.5, len(trials) + 0.5)
    _set_limits(axes, values[inside], not inside.all())
    _draw_rounds(axes, trials)
    _draw_values(axes, values, inside)
    if not np.isnan(values).all():
        _draw_best(axes, trials, objective, goals)
    _draw_edges(axes, failed, is_outside, objective)
    _label_axes(axes, objective)
    if axes.get_legend_handles_labels()[0]:  # of smaller budgets alone none is drawn
        figure.legend(
            loc="outside lower center", ncols=4, frameon=False, fontsize=_SMALL + 1
        )
    return figure


def _set_limits(axes: Axes, values: np.ndarray, has_marks: bool) -> None:
    """Fits the y-axis to the values, with space for marks on the lower edge."""
    if not len(values):
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        return
    low, high = values.min(), values.max()
    if low == high:
        half = 0.1 * abs(high) or 1.0
        low, high = low - half, high + half
    span = high - low
    axes.set_ylim(low - (0.12 if has_marks else _PAD) * span, high + _PAD * span)
    axes.yaxis.get_major_formatter().set_useOffset(False)


def _draw_rounds(axes: Axes, trials: list[ledger.Trial]) -> None:
    """Shades the random round, and draws a line where each later round begins.

    Labels stand above the axes: `random` for the random round, and for the others
    their number, or only every second, fifth and so on where more would overlap.
    """
    rounds = [list(group) for _, group in itertools.groupby(trials, lambda t: t.round)]
    inch = len(trials) / (0.85 * _SIZE[0])  # in trials; axes take 85 % of the width
    last = rounds[-1][0].round
    # The budget may cut the last round short, so its width counts only if it's alone.
    narrowest = min(map(len, rounds[:-1] or rounds))
    in_words = narrowest > _CHARACTER * inch * len(f" round {last} ")
    width = _CHARACTER * inch * len(f" {last} ") / narrowest  # of a number, in rounds
    every = next(
        n for n in (1, 2, 5, 10, 20, 50, 100, last + 1) if n >= width or n > last
    )
    above = transforms.blended_transform_factory(axes.transData, axes.transAxes)
    start, free = 0.5, 0.5  # where a round begins; where the last label ends
    for group in rounds:
        stop, index = start + len(group), group[0].round
        is_random = index == 0 and all(trial.predicted is None for trial in group)
        if is_random:
            axes.axvspan(start, stop, color=_SHADE, lw=0, zorder=0)
        if start > 0.5:
            axes.axvline(start, color="#D9D9D9", lw=0.8, zorder=0.5)
        text = "random" if is_random else f"round {index}" if in_words else f"{index}"
        half = _CHARACTER * inch * (len(text) + 1) / 2
        middle = max((start + stop) / 2, 0.5 + half if is_random else 0.5)
        fits = middle - half >= free and middle + half <= len(trials) + 0.5 + inch / 4
        if is_random or (fits and index % every == 0):
            style = {"fontsize": _SMALL, "color": _GREY}
            axes.text(middle, 1.015, text, style, ha="center", transform=above)
            free = middle + half
        start = stop


def _draw_values(axes: Axes, values: np.ndarray, inside: np.ndarray) -> None:
    """Draws a dot for each value [num] that lies inside the axes, by a mask [num]."""
    if not inside.any():
        return
    number = np.arange(1, len(values) + 1)
    axes.plot(number[inside], values[inside], "o", mec="none", c=_DOT)
    size = 5 if len(values) <= 100 else 3.5
    axes.lines[-1].set(label="trial", ms=size, zorder=2.5)


def _draw_best(
    axes: Axes, trials: list[ledger.Trial], objective: Objective, goals: Goals | None
) -> None:
    """Draws the best so far as steps, the last one up to the edge of the axes."""
    best = best_so_far(trials, objective, goals)
    if np.isnan(best[-1]):
        return  # nothing keeps the bounds
    unit = f" {objective.unit}" if objective.unit else ""
    label = f"best so far: {best[-1]:.4g}{unit}"
    x = [*range(1, len(trials) + 1), len(trials) + 0.5]
    axes.step(x, [*best, best[-1]], where="post", c=_LINE, lw=1.8, label=label)


def _draw_edges(
    axes: Axes, failed: np.ndarray, is_outside: np.ndarray, objective: Objective
) -> None:
    """Marks the trials that failed, and those outside the axes, by masks [num]."""
    number = np.arange(1, len(failed) + 1)
    if is_outside.any():
        side = "below" if objective.maximize else "above"
        label = f"{side} the axis: {is_outside.sum()}"
        # The lower edge may hold crosses too, so arrowheads stand above those.
        height, marker = (0.065, "v") if objective.maximize else (0.975, "^")
        _draw_marks(axes, number[is_outside], height, marker, _GREY, label)
    if failed.any():
        label = f"failed: {failed.sum()}"
        _draw_marks(axes, number[failed], 0.025, "x", _FAILED, label)


def _draw_marks(
    axes: Axes, number: np.ndarray, height: float, marker: str, color: str, label: str
) -> None:
    """Draws marks above trials of these numbers, at a height as share of the axes."""
    edge = transforms.blended_transform_factory(axes.transData, axes.transAxes)
    axes.plot(number, np.full(len(number), height), marker, c=color, ms=5)
    axes.lines[-1].set(transform=edge, label=label, clip_on=False)


def _label_axes(axes: Axes, objective: Objective) -> None:
    """Names both axes, with whole numbers of trials at the ticks."""
    axes.set_xlabel("trials evaluated", color=_INK)
    axes.set_ylabel(objective.label, color=_INK, parse_math=False)
    axes.set_xticks([value for value, _ in ticks.whole(axes.get_xlim())])
    axes.spines[["top", "right"]].set_visible(False)
