"""Measures of how well scores order architectures, by hand."""

import numpy as np
import pytest

from nao.benchmark.agreement import agreement, among_best, num_best, precision_at


def _array(*values):
    return np.array(values, np.float64)


def test_a_ranking_without_ties():
    """Of the 6 pairs (1, 2) and (1, 3) are swapped: tau (4 - 2) / 6.

    Distances of ranks 2, 1, 1, 0: rho 1 - 6 * 6 / (4 * 15) = 0.4. The best is first.
    """
    found = agreement(_array(3, 1, 2, 4), _array(10, 20, 30, 40))
    assert found.kendall_tau == pytest.approx(1 / 3)
    assert found.spearman_rho == pytest.approx(0.4)
    assert (found.precision, found.regret, found.rank) == (1, 0, 1)
    assert np.isnan(found.kendall_tau_best)  # a single one has no order


def test_what_ties_is_a_mean_over_all_orders():
    """Two scores tie at the top, of the second and the fourth of four."""
    found = agreement(_array(5, 1, 5, 2), _array(30, 40, 10, 20))
    assert found.regret == 40 - (30 + 10) / 2
    assert found.rank == (2 + 4) / 2
    # 5 pairs are not tied: (0, 3) alone agrees. tau-b (1 - 4) / sqrt(6 * 5).
    assert found.kendall_tau == pytest.approx(-3 / np.sqrt(30))
    assert found.precision == 0


def test_true_values_that_tie_have_the_better_rank():
    found = agreement(_array(1, 2, 3), _array(7, 7, 5))
    assert (found.regret, found.rank) == (2, 3)
    assert agreement(_array(3, 2, 1), _array(7, 7, 5)).rank == 1


def test_a_constant_score_is_chance_and_has_no_correlation():
    """One of 10 is best: of ten orders one has it first; ranks 1 to 10 have mean 5.5"""
    found = agreement(np.ones(10), np.arange(10.0))
    assert np.isnan([found.kendall_tau, found.spearman_rho]).all()
    assert found.precision == pytest.approx(0.1)
    assert (found.regret, found.rank) == (4.5, 5.5)


def test_the_best_are_ordered_by_themselves():
    """Of 30 the last three: the scores of 28 and 29 are swapped, 1 of 3 pairs."""
    scores = np.arange(30.0)
    scores[[28, 29]] = scores[[29, 28]]
    found = agreement(scores, np.arange(30.0))
    assert found.kendall_tau_best == pytest.approx(1 / 3)
    assert (found.precision, found.regret, found.rank) == (1, 1, 2)


def test_a_tenth_is_never_none_and_rounded_up():
    """30 * 0.1 is above 3 for a computer."""
    assert [num_best(num) for num in (2, 10, 11, 30, 200)] == [1, 1, 2, 3, 20]
    assert among_best(np.array([5, 1, 5, 5])).tolist() == [True, False, True, True]


def test_precision_by_hand():
    """The first is sure; two of the three that tie have room, one of them is good."""
    scores, best = _array(9, 4, 4, 4, 1), np.array([1, 0, 1, 0, 1], bool)
    assert precision_at(3, scores, best) == pytest.approx((1 + 2 / 3) / 3)
    assert precision_at(1, scores, best) == 1
    assert precision_at(5, scores, best) == 3 / 5


def test_one_architecture_is_no_ranking():
    with pytest.raises(ValueError, match="needs 2 architectures, got 1"):
        agreement(np.ones(1), np.ones(1))
    with pytest.raises(ValueError, match="equal length"):
        agreement(np.ones(2), np.ones(3))
