"""The figure of a front: what was measured of the first two objectives."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.evaluators import Goals
from nao.report.bounds import bounded_trials
from nao.report.chart import extent
from nao.report.curves import outside_both
from nao.runs import Trial, answers

_SIZE = (7.5, 4.2)  # inches
_DOT, _LINE, _BOUND = "#56B4E9", "#0072B2", "#D55E00"  # Okabe & Ito (2008)
_SMALL = 9  # points, font size
_PAD = 0.06  # space beyond the extreme values, share of the axis


def draw_front(trials: list[Trial], goals: Goals) -> Figure:
    """Draws the first two objectives of all trials, the front and the bounds on them.

    Args:
        trials: All trials of a search.
        goals: Its goals, two objectives or more.

    Returns:
        A figure, free of pyplot's global state.

    Raises:
        ValueError: If there is one objective, or no trial keeps the bounds.
    """
    # What is larger can't be drawn; as on the page, it is brought to what can.
    trials = bounded_trials(trials)
    front = answers.front_of(trials, goals)
    if len(goals.objectives) < 2 or not front:
        raise ValueError(
            f"A front needs two objectives and a trial, got {len(goals.objectives)} "
            f"and {len(front)}."
        )
    first, second = goals.objectives[:2]
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for found, style, label in (
        (trials, {"c": _DOT, "ms": 4, "marker": "o"}, "trial"),
        (front, {"c": _LINE, "ms": 6, "marker": "o"}, f"front: {len(front)}"),
    ):
        values = answers.values(found, goals) * goals.signs
        axes.plot(values[:, 1], values[:, 0], ls="", mec="none", label=label, **style)
    if len(goals.objectives) == 2:
        order = np.argsort(values[:, 1], kind="stable")
        where = "pre" if second.maximize else "post"
        axes.step(*values[order, 1::-1].T, where=where, c=_LINE, lw=1.4)
    _set_limits(axes, trials, front, goals)
    style, label = {"c": _BOUND, "ls": "--", "lw": 1.2}, "bound"
    for bound in goals.constraints:
        line = {first.name: axes.axhline, second.name: axes.axvline}.get(bound.name)
        for end in bound.ends:
            if line is not None:
                line(end, label=label, **style)
                label = None  # one entry of the legend is enough
    axes.set(xlabel=second.label, ylabel=first.label)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=_SMALL)
    return figure


def _set_limits(
    axes: Axes, trials: list[Trial], front: list[Trial], goals: Goals
) -> None:
    """Fits the axes to the front and to all but a few trials far worse than most."""
    signed = answers.values(trials, goals)[:, :2]
    kept = signed[~outside_both(signed) & np.isfinite(signed).all(-1)]
    kept = np.concatenate([kept, answers.values(front, goals)[:, :2]])
    kept = kept * goals.signs[:2]
    axes.set_ylim(*extent(kept[:, 0], _PAD))
    axes.set_xlim(*extent(kept[:, 1], _PAD))
