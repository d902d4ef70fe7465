"""What evaluators of a user's own return: numbers of any library, and mistakes."""

import json
import re

import jax.numpy as jnp
import numpy as np
import pytest

import nao
from nao import strategies
from nao.evaluators import Evaluation, Objective
from tests.searching import SPACE


class Own:
    """Measures what it is given."""

    objective = Objective("score")

    def __init__(self, evaluate, test=None):
        self._evaluate, self._test = evaluate, test

    def evaluate(self, tokens, keys):
        return self._evaluate(tokens)

    def test(self, tokens, key):
        return {} if self._test is None else self._test()


def _each(outcome):
    return lambda tokens: iter([outcome] * len(tokens))


def _search(workdir, evaluator, **changes):
    arguments = {
        "num_trials": 3,
        "workdir": workdir,
        "progress": False,
        "report": False,
    } | changes
    return nao.search(strategies.RandomSearch(SPACE), evaluator, **arguments)


@pytest.mark.parametrize("half", [np.float32(0.5), jnp.float32(0.5), np.array(0.5)])
def test_numbers_of_any_library_are_numbers(tmp_path, half):
    """They can't be written as JSON: the search ended at its first trial."""
    outcome = Evaluation(half, {"loss": half}, seconds=half)
    result = _search(tmp_path, Own(_each(outcome), lambda: {"test_score": half}))
    assert result.best.value == 0.5
    assert result.summary["best"]["test"] == {"test_score": 0.5}
    first = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert (first["objective"], first["loss"], first["seconds"]) == (0.5, 0.5, 0.5)


def test_counts_and_seeds_of_numpy_are_numbers(tmp_path):
    """The search went through and died before its summary, every time."""
    result = _search(
        tmp_path, Own(_each(Evaluation(1.0))), num_trials=np.int64(3), seed=np.uint8(1)
    )
    assert result.summary["seed"] == 1 and result.summary["budget"] == 3
    asker = nao.AskTell(
        strategies.RandomSearch(SPACE), maximize=np.False_, seed=np.int64(1)
    )
    asker.save(tmp_path / "asker.json")
    again = nao.AskTell.load(tmp_path / "asker.json", asker.strategy)
    assert (again.seed, again.maximize) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0.5",), "value must be a number, got '0.5'"),
        ((10**400,), "value must be a number, got 1000"),
        ((0.5, {"loss": None}), r"metrics\['loss'\] must be a number, got None"),
        ((0.5, {1: 7.0}), "metrics must be numbers by their names, got {1: 7.0}"),
        ((0.5, [0.1]), r"metrics must be numbers by their names, got \[0.1\]"),
        ((0.5, {"trial": 7.0}), "must not be called step, .*; got 'trial'"),
        ((0.5, {}, "soon"), "seconds must be a number, got 'soon'"),
        ((0.5, {}, -1), r"seconds must be 0 to 1e\+09, got -1"),
    ],
)
def test_what_is_no_number_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Evaluation(*arguments)


def test_metrics_that_are_not_finite_are_left_out():
    metrics = {"loss": np.nan, "size": np.inf, "epochs": 3}
    assert Evaluation(1.0, metrics).metrics == {"epochs": 3.0}


@pytest.mark.parametrize(
    ("evaluate", "got"),
    [
        (_each(0.5), "got 0.5"),
        (_each(None), "got None"),
        (lambda tokens: None, "got None"),
        (lambda tokens: iter([Evaluation(1.0)]), "got 1"),
        (lambda tokens: iter([Evaluation(1.0)] * 99), "got 4 or more"),
    ],
)
def test_one_evaluation_per_row_and_nothing_else(tmp_path, evaluate, got):
    with pytest.raises(TypeError, match=f"yield one Evaluation per row.*3 here, {got}"):
        _search(tmp_path, Own(evaluate))


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (lambda: 0.7, "ValueError: The result of evaluator.test must be numbers by"),
        (lambda: {"t": "a"}, r"evaluator.test\['t'\] must be a number, got 'a'"),
        (lambda: {"t": np.nan}, "t of the final choice is nan; it is left out"),
        (lambda: 1 / 0, "could not be tested: ZeroDivisionError: division by zero"),
    ],
)
def test_a_failed_test_leaves_the_search_as_it_is(tmp_path, caplog, test, message):
    """All evaluations were made, and no summary told of them."""
    result = _search(tmp_path, Own(_each(Evaluation(1.0)), test))
    assert result.summary["finished"] and result.summary["best"]["test"] is None
    (said,) = caplog.messages
    assert re.search(message, said)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"on_trial": 5}, "on_trial must be a function, got 5"),
        ({"on_round": 5}, "on_round must be a function, got 5"),
        ({"config": 5}, "config must be a dataclass, got 5"),
        ({"content": 5}, "content must be text by name, got 5"),
        ({"content": {"x": 5}}, "content must be text by name, got {'x': 5}"),
        ({"workdir": 5}, "A workdir must be the path of a folder, got 5"),
        ({"workdir": b"/x"}, "A workdir must be the path of a folder, got b'/x'"),
        ({"workdir": "a\0b"}, "A workdir must be the path of a folder, got 'a"),
        ({"workdir": "~no-such-user/x"}, "can't be found: there is no such user"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, changes, message):
    evaluator = Own(_each(Evaluation(1.0)))
    with pytest.raises((TypeError, ValueError), match=message):
        _search(**{"workdir": tmp_path, "evaluator": evaluator} | changes)


def test_an_objective_must_be_one(tmp_path):
    evaluator = Own(_each(Evaluation(1.0)))
    evaluator.objective = "accuracy"
    with pytest.raises(TypeError, match=r"objective must be one such as .*'accuracy'"):
        _search(tmp_path, evaluator)
    with pytest.raises(ValueError, match="maximize must be true or false, got 'min'"):
        Objective("accuracy", maximize="min")
