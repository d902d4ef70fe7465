"""How well the order of a round was predicted, and how sure that is."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nao.report import chart
from nao.report.chart import Chart
from nao.report.markup import Element
from nao.runs import StoredRun
from nao.search import summary

_NORMAL = 1.96  # 95 % of a normal variable lie within so many standard deviations
_FEWEST = 5  # pairs; of fewer the variance below is not defined


class Interval(NamedTuple):
    """A 95 % confidence interval of a rank correlation."""

    low: float
    high: float


def interval(tau: float, num: int) -> Interval | None:
    """Returns the interval of Kendall's tau of `num` pairs; None where it has none.

    By Fisher's transform, under which tau has a variance of about 0.437 / (num - 4)
    (Fieller, Hartley & Pearson, 1957, "Tests for rank correlation coefficients").
    """
    if num < _FEWEST:
        return None
    return _back(_transformed(tau, num), _deviation(num))


def mean_interval(taus: Sequence[float], nums: Sequence[int]) -> Interval | None:
    """Returns the interval of the mean over rounds; None where none has one."""
    pairs = [(t, n) for t, n in zip(taus, nums, strict=True) if n >= _FEWEST]
    if not pairs:
        return None
    deviation = math.sqrt(sum(_deviation(n) ** 2 for _, n in pairs)) / len(pairs)
    return _back(float(np.mean([_transformed(*pair) for pair in pairs])), deviation)


def _transformed(tau: float, num: int) -> float:
    # A perfect order is infinitely far, so it counts as one with half a pair swapped.
    most = 1 - 2 / (num * (num - 1))
    return math.atanh(min(max(tau, -most), most))


def _deviation(num: int) -> float:
    return math.sqrt(0.437 / (num - 4))


def _back(middle: float, deviation: float) -> Interval:
    ends = (middle - _NORMAL * deviation, middle + _NORMAL * deviation)
    return Interval(*map(math.tanh, ends))


def draw(run: StoredRun) -> Element | None:
    """Draws Kendall's tau of each round; None where no round has two values to rank."""
    compared = summary.of_predictions(run.trials, run.objective)
    rounds = [r for r in compared if r["kendall_tau"] is not None]
    if not rounds:
        return None
    numbers = [r["round"] for r in rounds]
    x = (min(numbers) - 0.5, max(numbers) + 0.5)
    labels = ("round", "Kendall's tau")
    drawn = Chart(
        "Rank correlation of each round", x, (-1.05, 1.05), labels, whole_x=True
    )
    drawn.line(x, (0, 0), "axis")
    keys = [("round", _round_key([r["num"] for r in rounds]))]
    if len(rounds) > 1:
        mean = np.mean([r["kendall_tau"] for r in rounds])
        drawn.line(x, (mean, mean), "random")
        keys.append(("random", "mean"))
    for each in rounds:
        _draw_round(drawn, each)
    return chart.figure(drawn, _caption(rounds), *keys)


def _round_key(nums: Sequence[int]) -> str:
    """Says what the mark of a round is; few trials have no interval."""
    if max(nums) < _FEWEST:
        return "a round"
    where = "" if min(nums) >= _FEWEST else f" where it has {_FEWEST} trials or more"
    return f"a round, with its 95 % interval{where}"


def _draw_round(drawn: Chart, each: dict[str, Any]) -> None:
    """Draws the correlation of a round and its interval."""
    tau, number = each["kendall_tau"], each["round"]
    ends = interval(tau, each["num"])
    if ends is not None:
        drawn.line((number, number), ends, "round thin")
    drawn.dot(number, tau, "round")


def _caption(rounds: list[dict[str, Any]]) -> str:
    """Says what the numbers mean, and how sure their mean is."""
    taus, nums = ([r[name] for r in rounds] for name in ("kendall_tau", "num"))
    fewest, most = min(nums), max(nums)
    size = f"{most}" if fewest == most else f"{fewest} to {most}"
    found = mean_interval(taus, nums)
    sure = (
        "" if found is None else f" (95 % interval {found.low:.2f} to {found.high:.2f})"
    )
    what = "the mean" if len(rounds) > 1 else "this round's"
    return (
        f"Predicted against measured order within a round of {size}: 1 is the same "
        f"order, 0 is chance; {what} is {np.mean(taus):.2f}{sure}. A round holds "
        "only what was predicted to be good, so its order is hard to tell."
    )
