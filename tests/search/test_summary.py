import dataclasses

import numpy as np
import pytest

from nao import spaces
from nao.evaluators import Evaluation, Goals, Objective
from nao.runs import ledger
from nao.search import summary

SPACE = spaces.NASBench201()


def trial(index, round, value, predicted=None, tokens=None):
    if tokens is None:
        tokens = SPACE.sample(np.random.default_rng(index), 1)[0]
    evaluation = Evaluation(value, reason="" if value is not None else "bad")
    return ledger.Trial(index, round, 3, tokens, evaluation, predicted)


TRIALS = [
    trial(0, 0, 2.0),
    trial(1, 0, 5.0),
    trial(2, 0, None),
    trial(3, 1, 4.0, predicted=0.9),
    trial(4, 1, 1.0, predicted=0.8),
    trial(5, 1, 3.0, predicted=0.7),
    trial(6, 1, 9.0),
]


@pytest.mark.parametrize(
    ("maximize", "best", "at_random", "accuracy"),
    [(True, 9.0, 5.0, 2 / 3), (False, 1.0, 2.0, 1 / 3)],
)
def test_hand_worked(maximize, best, at_random, accuracy):
    """Predicted 3 > 4 > 5; measured 3 > 5 > 4: two of three pairs agree."""
    objective = Objective("score", maximize)
    found = summary.of_trials(TRIALS, SPACE, Goals((objective,)), {"test": 0.1})
    assert found["best"]["objective"] == best
    assert found["best"]["test"] == {"test": 0.1}
    assert found["random_best"] == {"objective": at_random, "num_trials": 3}
    assert (found["num_trials"], found["num_failed"], found["num_rounds"]) == (7, 1, 2)
    (compared,) = summary.of_predictions(TRIALS, objective)
    assert (compared["round"], compared["num"]) == (1, 3)
    assert compared["pairwise_accuracy"] == pytest.approx(accuracy)
    assert compared["kendall_tau"] == pytest.approx(2 * accuracy - 1)


def test_whether_the_last_value_counts_is_kept():
    goals = Goals((Objective("score", drifts=True),))
    assert summary.of_trials(TRIALS, SPACE, goals, None)["objective"]["drifts"]


def test_a_first_round_of_one_is_no_random_round():
    """It may be what a mixture derived."""
    alone = [dataclasses.replace(one, round_size=1) for one in TRIALS[:2]]
    found = summary.of_trials(alone, SPACE, Goals((Objective("score"),)), None)
    assert found["random_best"] == {"objective": None, "num_trials": 0}


def test_equal_functions_are_one_distinct_architecture(rng):
    tokens = SPACE.sample(rng, 1)
    rows = [tokens[0], SPACE.equivalents(rng, tokens)[0]]
    trials = [trial(i, 0, 1.0, tokens=row) for i, row in enumerate(rows)]
    found = summary.of_trials(trials, SPACE, Goals((Objective("score"),)), None)
    assert found["num_distinct"] == 1
    assert found["best"]["test"] is None


def test_nothing_to_compare():
    assert summary.of_predictions(TRIALS[:3], Objective("score")) == []
