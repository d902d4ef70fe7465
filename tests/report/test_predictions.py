"""What was predicted, in the unit of what was measured; by hand."""

import dataclasses

import numpy as np
import pytest

from nao import spaces
from nao.controller import ControllerConfig
from nao.evaluators import Evaluation, Goals, Objective
from nao.report import predictions
from nao.runs import StoredRun, Trial
from nao.runs.record import SearchRecord
from nao.strategies import ControllerUse, Pool, Round, State

SPACE = spaces.custom({"depth": (1, 2)})
MEASURED = [10.0, 30.0, 20.0, None, 25.0]  # three at random, two predicted


def make_run(strategy, predicted, use=None, maximize=True):
    trials = [
        Trial(
            i,
            int(i > 2),
            3,
            np.ones(1, np.int32),
            Evaluation(value, reason="" if value else "oops"),
            None if i < 3 else guess,
        )
        for i, (value, guess) in enumerate(
            zip(MEASURED, [0, 0, 0, *predicted], strict=True)
        )
    ]
    objective = Objective("score", maximize, "ms")
    record = SearchRecord(SPACE, Goals((objective,)), strategy, use)
    return StoredRun(
        None, record, trials, "finished", {}, {}, {}, is_lost=False, notes=()
    )


def nao_use(target):
    return ControllerUse(ControllerConfig(target=target), canonical=True)


@pytest.mark.parametrize(
    ("target", "predicted", "expected"),
    [
        # Targets of 10, 20, 30: -1, 0, 1; 0, 1/2, 1.
        ("rank", [0.0, 0.5], [20, 25]),
        ("min_max", [0.5, 2.0], [20, 50]),
    ],
)
def test_a_controller_s_predictions_are_brought_back(target, predicted, expected):
    found = predictions.in_unit(make_run("nao", predicted, nao_use(target)))
    assert found == pytest.approx(dict(zip((3, 4), expected, strict=True)))


def test_predictions_of_a_fit_to_the_last_few_have_their_scale():
    """The last two before the predicted round are 30 and 20, the best and the worst."""
    run = make_run("nao_ws", [-1.0, 0.0], nao_use("rank")._replace(recent=2))
    assert predictions.in_unit(run) == pytest.approx({3: 20, 4: 25})


def test_where_less_is_better_a_higher_prediction_is_a_lower_value():
    run = make_run("nao", [-0.5, 0.5], nao_use("rank"), maximize=False)
    assert predictions.in_unit(run) == pytest.approx({3: 25, 4: 15})


def test_strategies_without_a_controller():
    """Mean 20, standard deviation sqrt(200 / 3) = 8.165."""
    found = predictions.in_unit(make_run("bananas", [0.0, 1.0]))
    assert found == pytest.approx({3: 20, 4: 28.165}, abs=1e-3)
    found = predictions.in_unit(make_run("gp", [-21.0, -22.0], maximize=False))
    assert found == {3: 21.0, 4: 22.0}


def test_a_unit_that_is_not_known_is_not_guessed():
    run = make_run("mine", [0.0, 1.0])
    assert predictions.in_unit(run) == {}
    assert predictions.draw(run) is None


def test_a_warm_start_counts_among_what_was_known(monkeypatch):
    """With 0 and 40 known before, the middle rank is still at 20, the best at 40."""
    run = make_run("nao", [0.0, 1.0], nao_use("rank"))
    run = dataclasses.replace(run, config={"warm_start": "elsewhere"})
    pool = Pool(np.ones((5, 1), np.int32), np.array([0.0, 40, 10, 30, 20]))
    tokens = np.full((2, 1), 2, np.int32)
    for trial in run.trials[3:]:
        object.__setattr__(trial, "tokens", tokens[0])
    asked = Round(tokens, State(pool))
    monkeypatch.setattr(StoredRun, "last_round", lambda self: asked)
    assert predictions.in_unit(run) == pytest.approx({3: 20, 4: 40})


def test_both_axes_have_the_unit():
    drawn = predictions.draw(make_run("nao", [0.0, 0.5], nao_use("rank")))
    texts = {text.text for text in drawn.iter("text")}
    assert "score (ms), predicted" in texts


def test_predictions_have_the_digits_that_their_errors_leave():
    """Of one 2.5 below what was measured, nobody can tell the decimals."""
    run = make_run("gp", [22.0, 22.5])
    assert predictions.of_trials(run) == ({3: 22.0, 4: 22.5}, 0)
    run = make_run("gp", [22.0, 25.0])
    assert predictions.of_trials(run).decimals is None  # it was exact


def test_predicted_accuracies_have_the_digits_of_measured_ones():
    run = make_run("gp", [0.0, 1.01])
    trials = [
        dataclasses.replace(trial, evaluation=Evaluation((90 + trial.index) / 100))
        for trial in run.trials
    ]
    record = dataclasses.replace(run.record, num_examples={"score": 384})
    run = dataclasses.replace(run, trials=trials, record=record)
    assert predictions.of_trials(run).decimals == 2
