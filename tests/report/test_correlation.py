"""How sure a rank correlation is, worked by hand."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from nao import spaces
from nao.evaluators import Goals, Objective
from nao.report import correlation
from nao.runs import StoredRun
from nao.runs.record import SearchRecord
from tests.report.trials import make_trials


def legend_of(values, round_size):
    trials = [
        dataclasses.replace(trial, predicted=float(trial.index % 3))
        for trial in make_trials(values, round_size)
    ]
    record = SearchRecord(
        spaces.custom({"a": (1, 2)}), Goals((Objective("score"),)), "gp"
    )
    run = StoredRun(
        None, record, trials, "finished", {}, {}, {}, is_lost=False, notes=()
    )
    return "".join(correlation.draw(run).find("p").itertext())


def test_the_legend_tells_of_intervals_where_there_are_any():
    """It did where none were drawn, of rounds of four."""
    values = [0.1, 0.5, 0.3, 0.2, 0.9, 0.4, 0.8, 0.6]
    assert legend_of(values[:4], 4) == "a round"  # and no mean of one
    assert legend_of(values, 4) == "a roundmean"
    assert legend_of([*values, 0.7, 0.0], 5) == "a round, with its 95 % intervalmean"
    assert "where it has 5 trials or more" in legend_of(values, 5)


def test_the_interval_by_hand():
    """Of 23 pairs, z has a standard deviation of sqrt(0.437 / 19) = 0.1517."""
    low, high = correlation.interval(0.5, 23)
    z = 0.5 * math.log(1.5 / 0.5)
    assert low == pytest.approx(math.tanh(z - 1.96 * 0.15166), abs=1e-4)
    assert high == pytest.approx(math.tanh(z + 1.96 * 0.15166), abs=1e-4)


@pytest.mark.parametrize("tau", [-1.0, 1.0])
def test_a_perfect_order_is_not_certain(tau):
    low, high = correlation.interval(tau, 5)
    assert -1 < low < high < 1


def test_few_pairs_have_no_interval():
    assert correlation.interval(0.3, 4) is None
    assert correlation.mean_interval([0.3, 0.5], [4, 2]) is None


def test_more_rounds_make_the_mean_surer():
    one = correlation.mean_interval([0.3], [10])
    many = correlation.mean_interval([0.3] * 16, [10] * 16)
    assert one == pytest.approx(correlation.interval(0.3, 10))
    assert one.low < many.low < 0.3 < many.high < one.high


def test_intervals_cover_what_is_true():
    """Of normal pairs of correlation 0.6, tau is 2 / pi * asin(0.6) = 0.41.

    Of 400 intervals of 95 %, between 360 (four deviations less) and all cover it.
    """
    rng = np.random.default_rng(0)
    draws = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], (400, 20))
    taus = [stats.kendalltau(*pairs.T).statistic for pairs in draws]
    ends = np.array([correlation.interval(tau, 20) for tau in taus])
    true = 2 / math.pi * math.asin(0.6)
    assert ((ends[:, 0] < true) & (true < ends[:, 1])).sum() >= 360
