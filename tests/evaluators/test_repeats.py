"""Variance of repeated measurements, by hand and on values drawn from the model."""

import math

import numpy as np
import pytest

from nao.evaluators import repeats

# Rows are architectures. Their means are 1, 3, 8, so 4 on the whole.
VALUES = np.array([[0.0, 2.0], [3.0, 3.0], [9.0, 7.0]])


def test_variance_is_split_into_architecture_and_noise():
    """Within: (2 + 0 + 2) / 3. Means: (9 + 1 + 16) / 2 = 13, of which half is noise."""
    found = repeats.components(VALUES)
    assert found.mean == 4
    assert found.within**2 == pytest.approx(4 / 3)
    assert found.between**2 == pytest.approx(13 - 2 / 3)
    assert found.reliability == pytest.approx((37 / 3) / (41 / 3))


def test_what_is_noise_alone_has_no_variance_between():
    """All means are 1: the estimate, -1, is taken as 0."""
    found = repeats.components([[0.0, 2.0], [2.0, 0.0]])
    assert (found.between, found.reliability) == (0, 0)
    assert found.within**2 == pytest.approx(2)


def test_equal_values_say_nothing():
    assert math.isnan(repeats.components(np.ones((3, 2))).reliability)
    assert repeats.expected_choice(np.ones((3, 2)), 60, np.ones((3, 2))) == 1


def test_agreement_is_the_mean_over_pairs_of_repeats():
    """Repeat 2 swaps one of three pairs: taus are 1, 1/3 and 1/3."""
    values = np.array([[1.0, 1.0, 2.0], [2.0, 2.0, 1.0], [3.0, 3.0, 3.0]])
    tau, _ = repeats.agreement(values)
    assert tau == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)


def test_the_error_of_agreement_is_the_jackknifes():
    """Without a row, tau is 1, 1 and -1; their variance is 8/9, times 3 - 1."""
    values = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])
    tau, error = repeats.agreement(values)
    assert tau == pytest.approx(1 / 3)
    assert error == pytest.approx(math.sqrt(16 / 9))


@pytest.mark.parametrize(
    "num, expected",
    [(1, 0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi))],
)
def test_the_largest_of_few_normals_is_known_exactly(num, expected):
    assert repeats.largest_of_normals(num) == pytest.approx(expected, abs=1e-9)


def test_a_choice_by_noisy_values_gains_the_root_of_the_reliability():
    """Of 60: the true best gains 2.319 deviations, chosen by one measurement less."""
    found = repeats.components(VALUES)
    gain = found.between * repeats.largest_of_normals(60)
    assert repeats.expected_choice(VALUES, 60) == pytest.approx(4 + gain)
    by_one = repeats.expected_choice(VALUES, 60, VALUES)
    assert by_one == pytest.approx(4 + gain * math.sqrt(found.reliability))
    # By something of the opposite sign, the worst is chosen.
    assert repeats.expected_choice(VALUES, 60, -VALUES) == pytest.approx(8 - by_one)


def test_the_components_of_drawn_values_are_found(rng):
    """20,000 architectures of deviation 2, noise 1: estimates are within 2 %."""
    true = 5 + 2 * rng.normal(size=(20_000, 1))
    values = true + rng.normal(size=(20_000, 3))
    found = repeats.components(values)
    assert found.between == pytest.approx(2, rel=0.02)
    assert found.within == pytest.approx(1, rel=0.02)
    # What the best of ten by their first measurement truly are, on average.
    groups = values[:, 0].reshape(-1, 10)
    chosen = np.take_along_axis(true.reshape(-1, 10), groups.argmax(1)[:, None], 1)
    expected = repeats.expected_choice(values, 10, values)
    assert chosen.mean() == pytest.approx(expected, abs=0.08)


@pytest.mark.parametrize(
    "values", [[[1.0, 2.0]], [[1.0], [2.0]], [[1, 2], [3, np.nan]]]
)
def test_too_few_or_missing_values_are_refused(values):
    with pytest.raises(
        ValueError, match="must be finite, of two architectures or more"
    ):
        repeats.components(values)


def test_values_to_choose_by_must_be_of_the_same_children():
    with pytest.raises(ValueError, match=r"got \(3, 3\) and \(3, 2\)"):
        repeats.expected_choice(VALUES, 60, np.ones((3, 3)))


def test_noise_is_found_among_the_best_alone(rng):
    """The best of 60 are lucky: the analysis of variance finds them all alike.

    Medians of 200 searches; 10 % off where 3 % was seen.
    """
    found, balanced = [], []
    for _ in range(200):
        true = rng.normal(0.3, 0.046, 60)
        first = true + rng.normal(0, 0.023, 60)
        best = np.argsort(-first)[:5]
        second = true[best] + rng.normal(0, 0.023, 5)
        pairs = np.stack([first[best], second], 1)
        again = [(before, [after]) for before, after in pairs]
        found.append(repeats.components_after_choice(first, again))
        balanced.append(repeats.components(pairs))
    _, between, within = np.median(found, 0)
    assert between == pytest.approx(0.046, rel=0.1)
    assert within == pytest.approx(0.023, rel=0.1)
    assert np.median(balanced, 0)[1] < 0.02


def test_unequal_numbers_of_repeats_are_used(rng):
    """A thousand architectures, every second one measured up to four times."""
    true = rng.normal(0, 2, 1000)
    values = [t + rng.normal(0, 1, 1 + i % 5) for i, t in enumerate(true)]
    again = [(first, others) for first, *others in values if others]
    found = repeats.components_after_choice(np.array([v[0] for v in values]), again)
    np.testing.assert_allclose(found[1:], (2, 1), rtol=0.1)


def test_equal_repeats_are_no_noise_and_equal_architectures_all_of_it():
    none = repeats.components_after_choice(np.array([1.0, 3.0]), [(3.0, [3.0])])
    assert none == (2.0, pytest.approx(2**0.5), 0.0) and none.reliability == 1
    alone = repeats.components_after_choice(np.array([1.0, 1.0]), [(1.0, [4.0])])
    assert alone == (1.0, 0.0, 3.0) and alone.reliability == 0


@pytest.mark.parametrize(
    ("first", "again"),
    [([1.0], [(1.0, [2.0])]), ([1.0, 2.0], []), ([1.0, 2.0], [(2.0, [np.nan])])],
)
def test_too_little_after_a_choice_is_refused(first, again):
    with pytest.raises(ValueError, match="must be finite, of two architectures"):
        repeats.components_after_choice(np.array(first), again)
