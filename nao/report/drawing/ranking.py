"""The figure of a ranking by shared weights: scores beside true values."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.benchmark import Ranking
from nao.benchmark.comparison import spread
from nao.report import bounds
from nao.report.chart import extent
from nao.report.curves import outside

_SIZE = (7.5, 4.0)  # inches
_COLOR, _OTHER = "#0072B2", "#8A8A8A"  # Okabe & Ito (2008), and grey
_TITLE = {"fontsize": 9, "loc": "left"}
_NOTE = {"fontsize": 8, "color": "#666666"}


def draw_ranking(ranking: Ranking) -> Figure:
    """Draws true values over scores, and beside it over the number of parameters.

    A dot is an architecture; of several sets of weights it is at the mean of their
    scores, on a line from the least to the largest. Axes leave out the few that are far
    worse than most, which a note counts.

    Args:
        ranking: With two true values or more, and scores of these.

    Returns:
        A figure, free of pyplot's global state.
    """
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    true = bounds.clip(ranking.objective.sign * ranking.true_values)
    scores = np.array([ranking.scored.sign * ranking.signed(s) for s in ranking.scores])
    scores = bounds.clip(scores)
    is_scored = np.isfinite(scores).any(0)
    known = np.isfinite(true) & is_scored
    true, scores = true[known], scores[:, known]
    ends = np.nanmin(scores, 0), np.nanmax(scores, 0)
    mean = np.nanmean(scores, 0)
    left.hlines(true, *ends, color=_COLOR, lw=0.6, alpha=0.35)
    _dots(left, mean, true, _COLOR)
    _dots(right, ranking.num_parameters[known], true, _OTHER)
    label = f"{ranking.scored.label}, by shared weights"
    tau = spread(*ranking.spread("kendall_tau"), 2)
    _finish(left, label, tau, len(ranking.scores))
    beside = ranking.of_parameters.kendall_tau
    tau = spread(None if np.isnan(beside) else beside, None, 2)
    _finish(right, "number of parameters", tau)
    left.set_ylabel(f"true {ranking.objective.label}", parse_math=False)
    far = outside(true, ranking.objective)
    left.set_ylim(*extent(true[~far]))
    far_left = outside(mean, ranking.scored)
    left.set_xlim(*extent(np.array(ends)[:, ~far_left].ravel()))
    _note_far(figure, far | far_left)
    return figure


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, color: str) -> None:
    """Draws a dot for each architecture."""
    axes.plot(x, y, "o", c=color, ms=4, alpha=0.6, mec="none")


def _finish(axes: Axes, label: str, tau: str, num: int = 1) -> None:
    """Writes what an axis shows and how well it orders."""
    over = f"; line: range of {num} seeds" if num > 1 else ""
    axes.set_title(f"Kendall's tau-b {tau}{over}", **_TITLE)
    axes.set_xlabel(label, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", lw=0.6)
    axes.set_axisbelow(True)


def _note_far(figure: Figure, far: np.ndarray) -> None:
    """Says below the figure how many dots are not in it."""
    if far.any():
        text = f"Not shown: {far.sum()} far worse than most."
        figure.supxlabel(text, x=0.01, ha="left", **_NOTE)
