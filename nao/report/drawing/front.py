"""The figure of a front: what was measured of the first two objectives."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.evaluators import Goals
from nao.report.bounds import clip
from nao.runs import Trial, answers

_SIZE = (7.5, 4.2)  # inches
_DOT, _LINE, _BOUND = "#56B4E9", "#0072B2", "#D55E00"  # Okabe & Ito (2008)
_SMALL = 9  # points, font size


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
        values = clip(answers.values(found, goals) * goals.signs)
        axes.plot(values[:, 1], values[:, 0], ls="", mec="none", label=label, **style)
    if len(goals.objectives) == 2:
        order = np.argsort(values[:, 1], kind="stable")
        where = "pre" if second.maximize else "post"
        axes.step(*values[order, 1::-1].T, where=where, c=_LINE, lw=1.4)
    for bound in goals.constraints:
        line = {first.name: axes.axhline, second.name: axes.axvline}.get(bound.name)
        for end in filter(None.__ne__, (bound.at_most, bound.at_least)):
            if line is not None:
                line(end, c=_BOUND, ls="--", lw=1.2)
    axes.set(xlabel=second.label, ylabel=first.label)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=_SMALL)
    return figure
