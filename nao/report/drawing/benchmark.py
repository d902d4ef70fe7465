"""Figures of a benchmark: strategies side by side, mean and spread over seeds."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.benchmark import Group
from nao.report import bounds

_SIZE = (7.5, 4.4)  # inches
# Okabe & Ito (2008), told apart by the colour-blind; dashes tell those apart whose
# colour repeats.
_COLORS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#222222", "#999999"),
)
_DASHES = ("-", "--", ":")
_NUM_RESAMPLES = 1000  # of the bootstrap


def draw_regret(groups: Sequence[Group], goal: float, name: str) -> Figure:
    """Draws how far the best so far is from the goal, both axes logarithmic.

    Bands are 95 % confidence intervals of the mean, by bootstrap over seeds.

    Args:
        groups: The strategies.
        goal: Objective to reach.
        name: Name of the objective, with its unit.
    """
    figure, axes = _figure("queries", f"{name}: regret of the best so far")
    # Values that charts can't draw are drawn as the largest that they can.
    goal = bounds.clip(np.array(goal))
    curves = [np.abs(goal - bounds.clip(group.best())) for group in groups]
    means = np.concatenate([_mean(curve, axis=0) for curve in curves])
    # A mean of zero has no place on the axis: its line ends on the lower edge.
    floor = means[means > 0].min() / 2 if (means > 0).any() else 1e-3
    for (color, dash), group, curve in zip(_styles(), groups, curves, strict=False):
        _band(axes, group, curve, color, dash, floor)
    axes.set_yscale("log")
    axes.set_ylim(bottom=floor)
    return _finish(figure, axes, groups)


def draw_test(groups: Sequence[Group], name: str) -> Figure:
    """Draws the test number of the best so far, mean and 95 % confidence interval."""
    figure, axes = _figure("queries", name)
    for (color, dash), group in zip(_styles(), groups, strict=False):
        test = bounds.clip(group.test())
        if not np.isnan(test).all():
            _band(axes, group, test, color, dash)
    axes.yaxis.get_major_formatter().set_useOffset(False)
    figure = _finish(figure, axes, groups)
    _leave_out_the_first(axes)  # changes the ends of the axes that were just set
    return figure


def draw_queries(groups: Sequence[Group], goal: float) -> Figure:
    """Draws the share of each strategy's seeds that reached the goal, by queries."""
    figure, axes = _figure("queries", f"share of seeds that found {goal:g}")
    longest = max(group.num_queries for group in groups)
    for (color, dash), group in zip(_styles(), groups, strict=False):
        queries = np.sort(group.queries_to(goal))
        reached = queries[np.isfinite(queries)]
        share = np.arange(1, len(reached) + 1) / len(queries)
        # A line ends with its strategy's budget, but once all seeds have reached the
        # goal it goes on to the edge.
        end = longest if len(reached) == len(queries) else group.num_queries
        last = share[-1] if len(share) else 0.0
        axes.step(
            [1, *reached, end],
            [0, *share, last],
            where="post",
            c=color,
            ls=dash,
            label=_label(group),
        )
    axes.set_ylim(-0.02, 1.02)
    return _finish(figure, axes, groups)


def draw_seconds(groups: Sequence[Group]) -> Figure:
    """Draws the wall-clock seconds of a query, without compilation, per strategy."""
    figure, axes = _figure("seconds a query, without compilation", "")
    for row, ((color, _), group) in enumerate(zip(_styles(), groups, strict=False)):
        seconds = group.seconds_per_query().clip(1e-5)
        axes.barh(row, seconds.mean(), color=color, height=0.6)
        axes.text(seconds.mean() * 1.1, row, f"{seconds.mean():.2g}", va="center")
    axes.set_yticks(range(len(groups)), [group.strategy for group in groups])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 2)
    axes.grid(False)
    return figure


def _styles() -> Iterator[tuple[str, str]]:
    """Yields a colour and a dash for each strategy, without end."""
    for dash, color in itertools.cycle(itertools.product(_DASHES, _COLORS)):
        yield color, dash


def _figure(x: str, y: str) -> tuple[Figure, Axes]:
    """Returns an empty figure and its axes, with labels for x and y."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", lw=0.6)
    return figure, axes


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Returns the mean of all but NaN, and NaN where all are."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis)
    num = known.sum(axis)
    return np.where(num > 0, total / np.maximum(num, 1), np.nan)


def _label(group: Group) -> str:
    """Names a strategy, with the number of its seeds."""
    return f"{group.strategy} ({len(group.runs)})"


def _finish(figure: Figure, axes: Axes, groups: Sequence[Group]) -> Figure:
    """Sets the axis of queries and adds the legend."""
    axes.set_xscale("log")
    axes.set_xlim(1, max(group.num_queries for group in groups))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    figure.legend(
        loc="outside right upper",
        frameon=False,
        fontsize=9,
        title="strategy (seeds)",
        title_fontsize=9,
    )
    return figure


def _leave_out_the_first(axes: Axes) -> None:
    """Starts the axes at ten queries: those before are alike and squeeze all else."""
    lines = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) > 20]
    if not lines:
        return
    values = np.concatenate([line[9:] for line in lines])
    low, high = np.nanmin(values), np.nanmax(values)
    margin = 0.05 * (high - low)
    if margin > 0:
        axes.set_ylim(low - margin, high + margin)
        axes.set_xlim(left=10)


def _band(
    axes: Axes,
    group: Group,
    curves: np.ndarray,
    color: str,
    dash: str,
    floor: float = -np.inf,
) -> None:
    """Draws mean and confidence interval of curves [num_runs, num_queries].

    Values below `floor` are drawn there.
    """
    x = np.arange(1, curves.shape[1] + 1)
    mean = np.maximum(_mean(curves, axis=0), floor)
    axes.plot(x, mean, c=color, ls=dash, label=_label(group))
    if len(curves) > 1:
        # Drawn at few places: no eye can tell, and a long run has thousands.
        at = np.unique(np.geomspace(1, len(x), 200).astype(int)) - 1
        rng = np.random.default_rng(0)
        rows = rng.integers(len(curves), size=(_NUM_RESAMPLES, len(curves)))
        at = at[~np.isnan(curves[:, at]).all(axis=0)]
        means = _mean(curves[:, at][rows], axis=1)
        means = np.maximum(means, floor)
        low, high = np.nanquantile(means, (0.025, 0.975), axis=0)
        axes.fill_between(x[at], low, high, color=color, alpha=0.15, lw=0)
