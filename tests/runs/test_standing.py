import dataclasses

import numpy as np
import pytest

from nao.evaluators import Evaluation
from nao.runs import Trial, standing


def trial(index, value, *again, tokens=None):
    """A trial; `again` are values of a finalist, None where it failed."""
    row = np.array([index if tokens is None else tokens], np.int32)
    repeats = tuple(Evaluation(v, reason="" if v is not None else "bad") for v in again)
    return Trial(index, 0, 9, row, Evaluation(value), repeats=repeats)


def order(trials, sign=1):
    return [trial.index for trial in standing.best_first(trials, sign)]


@pytest.mark.parametrize(("sign", "expected"), [(1, [2, 0, 3, 1]), (-1, [1, 0, 3, 2])])
def test_single_values_are_ordered_as_they_are(sign, expected):
    """Trials 0 and 3 tie: the first comes first."""
    trials = [trial(i, value) for i, value in enumerate((2.0, 1.0, 5.0, 2.0))]
    assert order(trials, sign) == expected


@pytest.mark.parametrize(
    ("sign", "first", "second", "expected"),
    [(1, (7, 1), (6.5, 3.5), [1, 0]), (-1, (5, 3), (5.5, 4.5), [0, 1])],
)
def test_finalists_alone_compete_and_by_their_mean(sign, first, second, expected):
    """Means are 4 and 5; the 6 was measured once, as it was worse at first."""
    trials = [trial(0, *first), trial(1, *second), trial(2, 6)]
    assert order(trials, sign) == expected


@pytest.mark.parametrize(("new", "best"), [(6.5, 0), (7.1, 0), (20.0, 4)])
def test_all_compete_once_a_search_went_on_and_found_better(new, best):
    """Measured once, 7.1 is not enough beside a mean of 7: 20 is."""
    trials = [trial(0, 7.0, 7.0), trial(1, 6.9, 4.0), trial(2, 4.5), trial(3, 5.0)]
    assert order([*trials, trial(4, new)])[0] == best


def test_a_finalist_that_failed_again_is_out():
    assert order([trial(0, 7, None), trial(1, 6, 3), trial(2, 5)]) == [1]


def test_where_every_finalist_failed_again_first_values_count():
    assert order([trial(0, 7, None), trial(1, 5, None), trial(2, 6)]) == [0, 2, 1]


def test_measurements_of_one_architecture_are_one_with_a_mean():
    trials = [trial(0, 1.0), trial(1, 9.0, tokens=0), trial(2, 2.0, tokens=0)]
    (found,) = standing.best_first(trials, 1)
    assert (found.index, found.values, found.mean) == (0, (1.0, 9.0, 2.0), 4.0)


def test_one_lucky_number_is_no_match_for_many():
    """Two measurements of one differ by 3, all architectures by little more."""
    often = [trial(i, v, tokens=0) for i, v in enumerate((8.0, 5.0, 8.0, 5.0))]
    others = [trial(i, float(v)) for i, v in enumerate((3, 4, 2, 3, 7), 4)]
    assert order([*often, *others])[0] == 0  # a mean of 6.5, above a single 7
    noise = standing.noise([*often, *others])
    assert 1 < noise.within < 3 and 0 < noise.reliability < 0.9


def test_a_single_number_is_enough_where_there_is_no_noise():
    same = [trial(i, 5.0, tokens=0) for i in range(3)]
    trials = [*same, trial(3, 6.0), trial(4, 1.0)]
    assert order(trials) == [3, 0, 4]
    assert standing.noise(trials).within == 0


def test_equal_values_are_in_order_of_evaluation():
    assert order([trial(0, 1.0), trial(1, 1.0, tokens=0), trial(2, 1.0)]) == [0, 2]


def test_the_largest_numbers_are_ordered():
    """Their squares overflow."""
    values = (-1e300, 1e300, 9e299)
    trials = [trial(i, v) for i, v in enumerate(values)]
    assert order([*trials, trial(3, 9.5e299, tokens=1)])[0] == 1


def test_five_measured_twice_choose_better_than_one_number(rng):
    """True values less the mean: 0.0355 against 0.0307 where cells are near each other.

    The noise is that of cluttered digits; of 300 searches, 2.5 standard errors or more.
    """
    gains = []
    for _ in range(300):
        true = rng.normal(0, 0.02, 60)
        first, second = true + rng.normal(0, 0.023, (2, 60))
        five = set(np.argsort(-first)[:5].tolist())
        trials = [
            trial(i, first[i], *[second[i]] * (i in five)) for i in range(len(true))
        ]
        (best, *_), (once, *_) = order(trials), np.argsort(-first)
        gains.append(true[best] - true[once])
    assert 0.002 < np.mean(gains) < 0.008


def test_without_repeats_nothing_is_known_of_noise():
    assert standing.noise([trial(0, 1.0), trial(1, 2.0)]) is None
    assert standing.noise([trial(0, 1.0, 2.0)]) is None


def test_a_trial_tells_what_it_measured():
    found = trial(3, 4.0, 5.0)
    assert repr(found) == "Trial(3, value 4, mean of 2 4.5, round 0)"
    assert dataclasses.replace(found, repeats=()).mean == 4.0


def test_of_values_that_drift_the_last_counts():
    """Weights learn on: an early number is of other weights, not of other luck."""
    early, other, late = trial(0, 5), trial(1, 4), trial(2, 3, tokens=0)
    drifting = [dataclasses.replace(each, drifts=True) for each in (early, other, late)]
    assert order(drifting) == [1, 2]
    again = dataclasses.replace(drifting[2], repeats=(Evaluation(6.0),))
    assert order([*drifting[:2], again]) == [2]
    assert again.mean == 6 and "the last of 2 6" in repr(again)
    assert standing.noise([*drifting[:2], again]) is None
