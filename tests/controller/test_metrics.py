import numpy as np
import pytest
from scipy import stats

from nao.controller import metrics


def test_pairwise_accuracy_counts_agreeing_pairs():
    """Pairs (0, 1) and (0, 2) agree, (1, 2) is swapped: 2 of 3."""
    actual = metrics.pairwise_accuracy([1, 5, 9], [2, 8, 7])
    np.testing.assert_allclose(actual, 2 / 3)


def test_ties_in_either_count_half():
    """(0, 1) is tied in the first, (1, 2) in the second, (0, 2) agrees: 2 of 3."""
    actual = metrics.pairwise_accuracy([1, 1, 2], [1, 2, 2])
    np.testing.assert_allclose(actual, 2 / 3)


def test_constant_predictor_scores_one_half():
    """On a pool sorted best first the released metric gives it 1."""
    assert metrics.pairwise_accuracy([3, 2, 1], [0, 0, 0]) == 0.5
    assert np.isnan(metrics.kendall_tau([3, 2, 1], [0, 0, 0]))


def test_pairwise_accuracy_equals_the_count_over_all_pairs(rng):
    actual, predicted = rng.integers(0, 5, 60), rng.integers(0, 9, 60)
    i, j = np.triu_indices(60, 1)
    agreement = np.sign(actual[i] - actual[j]) * np.sign(predicted[i] - predicted[j])
    np.testing.assert_allclose(
        metrics.pairwise_accuracy(actual, predicted), np.mean(agreement + 1) / 2
    )


def test_kendall_tau_is_scipys(rng):
    actual, predicted = rng.random(20), rng.random(20)
    expected = stats.kendalltau(actual, predicted).statistic
    assert metrics.kendall_tau(actual, predicted) == expected


def test_spearman_by_hand():
    """Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: squares 4.5 and 5, products 4.5."""
    rho = metrics.spearman_rho([1, 2, 2, 3], [10, 20, 30, 40])
    assert rho == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert np.isnan(metrics.spearman_rho([1, 2, 3], [0, 0, 0]))


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan]])
@pytest.mark.parametrize(
    "metric", [metrics.kendall_tau, metrics.spearman_rho, metrics.pairwise_accuracy]
)
def test_undefined_is_nan(metric, values):
    assert np.isnan(metric(values, values))


def test_decoding_metrics_by_hand():
    """Rows of 3 tokens, 1 and 2 of them wrong: distance 1.5, accuracy 3 of 6."""
    tokens = np.array([[1, 2, 3], [1, 2, 3]])
    decoded = np.array([[1, 2, 1], [2, 2, 1]])
    assert metrics.hamming_distance(tokens, decoded) == 1.5
    assert metrics.reconstruction_accuracy(tokens, decoded) == 0.5
    assert metrics.hamming_distance(tokens, decoded[None]) == 1.5


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="equal length"):
        metrics.kendall_tau([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="shape of tokens"):
        metrics.hamming_distance(np.zeros((2, 3)), np.zeros((2, 4)))
