"""Figures of a benchmark: strategies side by side, mean and spread over seeds."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.benchmark import Group
from nao.report import bounds
from nao.report.drawing.strategies import Style, styles
from nao.system import durations

_SIZE = (7.5, 4.4)  # inches
_NUM_RESAMPLES = 1000  # of the bootstrap
_MOST_BANDS = 4  # side by side; more hide each other
_TITLE = {"fontsize": 8, "color": "#666666", "loc": "left"}  # of a small note
_LEAST_SECONDS = 1e-5  # clocks tell no less, and a logarithmic axis has no zero
_BOUNDED = f"Values beyond {bounds.LARGEST:g} are drawn as that."


def draw_regret(groups: Sequence[Group], goal: float, label: str) -> Figure:
    """Draws how far the best so far is from the goal, both axes logarithmic.

    It is a step wherever something better was found. Bands are 95 % confidence
    intervals of the mean, by bootstrap over seeds.

    Args:
        groups: The strategies.
        goal: Objective to reach.
        label: Name of the objective, with its unit.
    """
    figure, axes = _figure(_spent(groups), f"regret of the best so far, {label}")
    # Values that charts can't draw are drawn as the largest that they can.
    best = [group.best() for group in groups]
    _note_bounds(figure, goal, *best)
    goal = bounds.clip(np.array(goal))
    curves = [np.abs(goal - bounds.clip(values)) for values in best]
    means = np.concatenate([_mean(curve, axis=0) for curve in curves])
    # A mean of zero has no place on the axis: its line ends on the lower edge.
    floor = means[means > 0].min() / 2 if (means > 0).any() else 1e-3
    _draw_curves(axes, groups, curves, floor)
    axes.set_yscale("log")
    axes.set_ylim(bottom=floor)
    _label_decades(axes, "y")
    return _finish(figure, axes, groups)


def draw_test(groups: Sequence[Group], label: str) -> Figure:
    """Draws the test number of the best so far, mean and 95 % confidence interval.

    Args:
        groups: The strategies.
        label: Name of the number, with its unit.
    """
    figure, axes = _figure(_spent(groups), label)
    tests = [group.test() for group in groups]
    _note_bounds(figure, *tests)
    _draw_curves(axes, groups, [bounds.clip(test) for test in tests])
    axes.yaxis.get_major_formatter().set_useOffset(False)
    figure = _finish(figure, axes, groups)
    _leave_out_the_first(axes)  # changes the ends of the axes that were just set
    return figure


def draw_queries(groups: Sequence[Group], goal: float, unit: str = "") -> Figure:
    """Draws the share of each strategy's seeds that reached the goal, by queries.

    Args:
        groups: The strategies.
        goal: Objective to reach.
        unit: Its unit; empty for none.
    """
    wanted = f"{goal:g} {unit}".strip()
    figure, axes = _figure(_spent(groups), f"share of seeds that found {wanted}")
    longest = max(group.num_queries for group in groups)
    looks = styles(group.strategy for group in groups)
    for group in groups:
        queries = np.sort(group.queries_to(goal))
        reached = queries[np.isfinite(queries)]
        share = np.arange(1, len(reached) + 1) / len(queries)
        # A line ends with its strategy's budget, but once all seeds have reached the
        # goal it goes on to the edge.
        end = longest if len(reached) == len(queries) else group.num_queries
        last = share[-1] if len(share) else 0.0
        x, y = [1, *reached, end], [0, *share, last]
        axes.step(x, y, where="post", **_line(group, looks[group.strategy]))
    axes.set_ylim(-0.02, 1.04)
    axes.yaxis.set_major_formatter(ticker.PercentFormatter(1, 0, " %"))
    return _finish(figure, axes, groups)


def draw_seconds(groups: Sequence[Group]) -> Figure:
    """Draws the wall-clock time of a query, without compilation, per strategy.

    A small dot is a seed, a large one the mean over them, a line their range.
    """
    label = "time per query, without compilation: each seed and their mean"
    figure, axes = _figure(label, "")
    looks = styles(group.strategy for group in groups)
    for row, group in enumerate(groups):
        _draw_seeds(axes, row, group, looks[group.strategy])
    axes.set_yticks(range(len(groups)), [group.strategy for group in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / 1.5, high * 1.5)
    _label_decades(axes, "x", durations.short)
    return figure


def _draw_seeds(axes: Axes, row: int, group: Group, style: Style) -> None:
    """Draws the seconds of a strategy's seeds, and writes their mean."""
    seconds = group.seconds_per_query().clip(_LEAST_SECONDS)
    mean, color = seconds.mean(), style.color
    axes.plot([seconds.min(), seconds.max()], [row, row], c=color, lw=1.2, zorder=2)
    rows = np.full(len(seconds), row)
    axes.plot(seconds, rows, "o", c=color, ms=5, alpha=0.45, mec="none", zorder=3)
    axes.plot(mean, row, "o", c=color, ms=9, zorder=4, label=group.strategy)
    weight = "bold" if style.is_emphasised else "normal"
    text = {"xytext": (0, 8), "textcoords": "offset points", "fontsize": 9}
    axes.annotate(
        durations.short(mean), (mean, row), ha="center", weight=weight, **text
    )


def _figure(x: str, y: str) -> tuple[Figure, Axes]:
    """Returns an empty figure and its axes, with labels for x and y."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", lw=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _note_bounds(figure: Figure, *values: np.ndarray | float) -> None:
    """Writes below a figure that values were cut, where some were."""
    if any((np.abs(each) > bounds.LARGEST).any() for each in values):
        figure.supxlabel(_BOUNDED, x=0.01, ha="left", fontsize=8, color="#666666")


def _label_decades(
    axes: Axes, which: str, to_text: Callable[[float], str] = "{:g}".format
) -> None:
    """Writes plain numbers at a logarithmic axis: 1, 2, 5 where decades are few."""
    axis, ends = getattr(axes, f"{which}axis"), getattr(axes, f"get_{which}lim")()
    num_decades = np.log10(ends[1]) - np.log10(ends[0])
    subs = (1, 2, 5) if num_decades < 3 else (1,)
    axis.set_major_locator(ticker.LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: to_text(value)))
    axis.set_minor_formatter(ticker.NullFormatter())


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Returns the mean of all but NaN, and NaN where all are."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis)
    num = known.sum(axis)
    return np.where(num > 0, total / np.maximum(num, 1), np.nan)


def _line(group: Group, style: Style) -> dict[str, object]:
    """Returns how a strategy's line is drawn; its label has the number of seeds."""
    return {
        "color": style.color,
        "ls": style.dash,
        "lw": style.width,
        "zorder": style.zorder,
        "label": f"{group.strategy} ({len(group.runs)})",
    }


def _spent(groups: Sequence[Group]) -> str:
    """Returns what a search spends, for an axis: queries are all full, or are not."""
    is_partial = any(group.has_partial for group in groups)
    return "cost, in full evaluations" if is_partial else "queries"


def _finish(figure: Figure, axes: Axes, groups: Sequence[Group]) -> Figure:
    """Sets the axis of queries and adds the legend."""
    axes.set_xscale("log")
    axes.set_xlim(1, max(2, *(group.num_queries for group in groups)))
    _label_decades(axes, "x")
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
        _label_decades(axes, "x")


def _draw_curves(
    axes: Axes,
    groups: Sequence[Group],
    curves: Sequence[np.ndarray],
    floor: float = -np.inf,
) -> None:
    """Draws each strategy's curves [num_runs, num_queries]: mean, and how sure it is.

    Bands of many strategies hide each other: there, only the strategy that others are
    compared with has one. Values below `floor` are drawn there.
    """
    looks = styles(group.strategy for group in groups)
    banded = _banded(groups, looks)
    for group, curve in zip(groups, curves, strict=True):
        if np.isnan(curve).all():
            continue
        style = looks[group.strategy]
        x, mean = np.arange(1, curve.shape[1] + 1), _mean(curve, axis=0)
        line = _line(group, style)
        axes.step(x, np.maximum(mean, floor), where="post", **line)
        if group.strategy in banded:
            _band(axes, curve, style, floor)
    if banded:
        whose = f" of {banded[0]}" if len(groups) > _MOST_BANDS else ""
        axes.set_title(f"mean over seeds; band: 95 % interval{whose}", **_TITLE)


def _banded(groups: Sequence[Group], looks: Mapping[str, Style]) -> list[str]:
    """Returns the strategies that have a band; of a single seed there is none."""
    names = [group.strategy for group in groups]
    if len(names) > _MOST_BANDS:
        names = [name for name in names if looks[name].is_emphasised]
    return [g.strategy for g in groups if g.strategy in names and len(g.runs) > 1]


def _band(axes: Axes, curves: np.ndarray, style: Style, floor: float) -> None:
    """Draws the confidence interval of the mean of curves [num_runs, num_queries]."""
    # The best so far stays for many queries: where it moves is where a step begins.
    at = np.append(_moves(curves), curves.shape[1] - 1)
    at = at[~np.isnan(curves[:, at]).all(axis=0)]
    rng = np.random.default_rng(0)
    rows = rng.integers(len(curves), size=(_NUM_RESAMPLES, len(curves)))
    means = np.maximum(_mean(curves[:, at][rows], axis=1), floor)
    low, high = np.nanquantile(means, (0.025, 0.975), axis=0)
    look = {"color": style.color, "alpha": 0.22 if style.is_emphasised else 0.1}
    place = {"step": "post", "lw": 0, "zorder": style.zorder - 1}
    axes.fill_between(at + 1, low, high, **look, **place)


def _moves(curves: np.ndarray) -> np.ndarray:
    """Returns the columns of curves [num, num_queries] that differ from those before.

    The first is always among them.
    """
    before, after = curves[:, :-1], curves[:, 1:]
    is_same = (before == after) | (np.isnan(before) & np.isnan(after))
    return np.concatenate([[0], np.flatnonzero(~is_same.all(axis=0)) + 1])
