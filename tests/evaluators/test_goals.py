import dataclasses
import json

import numpy as np
import pytest

import nao
from nao.evaluators import Constraint, Evaluation, Goals, GoalSettings, Objective


class Measuring:
    """Has three metrics, one of them known beforehand."""

    objective = Objective("accuracy")
    metrics = ("num_parameters", "latency", "energy")

    def known(self, tokens):
        return {"num_parameters": tokens.sum(1)}


def of(*objectives, **kwargs):
    return Goals.of(Measuring(), objectives, **kwargs)


def test_directions_come_from_the_evaluator_the_names_and_minimize():
    goals = of("accuracy", "num_parameters", "energy", "latency", minimize=["latency"])
    assert [each.maximize for each in goals.objectives] == [True, False, True, False]
    assert not goals.is_plain and of().is_plain
    assert goals.objective is Measuring.objective


def test_columns_are_objectives_then_what_is_bounded_with_higher_better():
    bounds = [Constraint("latency", at_most=5), Constraint("energy", at_least=2)]
    goals = of("accuracy", "num_parameters", constraints=bounds)
    names = [column.name for column in goals.columns]
    assert names == ["accuracy", "num_parameters", "latency", "energy"]
    np.testing.assert_array_equal(goals.signs, [1, -1, -1, 1])
    least, most = goals.bounds
    np.testing.assert_array_equal(least, [-np.inf, -np.inf, -5, 2])
    np.testing.assert_array_equal(most, [np.inf] * 4)
    signed = np.array(
        [[0.5, -9, -5, 2], [0.5, -9, -6, 2], [0.5, -9, -5, 1], [np.nan] * 4]
    )
    np.testing.assert_array_equal(goals.allows(signed), [True, False, False, False])


def test_what_an_evaluation_lacks_makes_it_a_failed_one():
    goals = of("accuracy", "latency", constraints=[Constraint("energy", at_most=1)])
    whole = Evaluation(0.5, {"latency": 2.0, "energy": 3.0}, 1.5)
    assert goals.checked(whole) is whole
    assert goals.named(whole) == {"accuracy": 0.5, "latency": 2.0, "energy": 3.0}
    lacking = goals.checked(Evaluation(0.5, {"latency": 2.0}, 1.5))
    assert lacking.value is None and lacking.reason == "it has no energy"
    assert lacking.metrics == {"latency": 2.0} and lacking.seconds == 1.5
    failed = Evaluation(None, reason="diverged")
    assert goals.checked(failed) is failed and np.isnan(goals.measure(failed)).all()


def test_seconds_are_a_metric_of_every_evaluation():
    goals = of("accuracy", "seconds")
    np.testing.assert_array_equal(goals.measure(Evaluation(0.5, {}, 2.0)), [0.5, 2.0])
    assert not goals.objectives[1].maximize


def test_what_is_known_beforehand_rules_architectures_out():
    tokens = np.array([[1, 2], [3, 4]])
    bound = Constraint("num_parameters", at_most=3)
    goals = of(constraints=[bound, Constraint("latency", at_most=1)])
    np.testing.assert_array_equal(goals.known(tokens)[1], [-3, -7])
    np.testing.assert_array_equal(goals.may_keep(tokens), [True, False])


@pytest.mark.parametrize(
    ("objectives", "kwargs", "message"),
    [
        (
            ("accuracy", "size"),
            {},
            "Unknown metric 'size'; evaluations have: accuracy,",
        ),
        (("latency", "accuracy"), {}, "begin with the evaluator's own, 'accuracy'"),
        (("accuracy", "latency", "latency"), {}, "must differ, got 'latency' twice"),
        (("accuracy",), {"minimize": ["latency"]}, "minimize must name objectives"),
        (("accuracy",), {"minimize": ["accuracy"]}, "its evaluator maximizes it"),
        ((), {"constraints": [Constraint("size", 1.0)]}, "Unknown metric 'size'"),
        (
            (),
            {"constraints": [Constraint("energy", 1.0), Constraint("energy", None, 2)]},
            "at_least must not be above at_most, got 2 and 1 for 'energy'",
        ),
    ],
)
def test_mistakes_are_named(objectives, kwargs, message):
    with pytest.raises(ValueError, match=message):
        of(*objectives, **kwargs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: of("accuracy", minimize="latency"), "minimize must be a list of"),
        (lambda: Goals.of(Measuring(), "accuracy"), "objectives must be a list of"),
        (lambda: Goals.of(abs, ("accuracy",)), "evaluator must have an objective, got"),
        (lambda: Constraint(3, at_most=1), "name must be that of a metric, got 3"),
    ],
)
def test_what_is_no_list_or_evaluator_is_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_what_is_known_must_be_so_of_each_architecture():
    """A list of one number stood for all."""

    class Careless(Measuring):
        def known(self, tokens):
            return {"num_parameters": [1.0]}

    bound = Constraint("num_parameters", at_most=3)
    goals = Goals.of(Careless(), constraints=[bound])
    with pytest.raises(ValueError, match=r"here \[2\], got shape \[1\]"):
        goals.may_keep(np.zeros((2, 3), np.int32))


def test_bounds_are_numbers_that_json_can_hold():
    """A search by bounds of NumPy's ended in a traceback of `json`."""
    bound = Constraint("size", at_most=np.float32(2.5), at_least=np.int64(1))
    assert json.dumps(dataclasses.asdict(bound)).count("2.5") == 1
    with pytest.raises(ValueError, match="at_most of 'size' must be a number, got '3'"):
        Constraint("size", at_most="3")


def test_settings_are_names_and_bounds():
    settings = GoalSettings(
        ("accuracy", "num_parameters"),
        at_most=("num_parameters:6e4", "a:b: 3"),
        at_least=("latency:1",),
    )
    assert settings.constraints == (
        Constraint("num_parameters", at_most=6e4),
        Constraint("a:b", at_most=3),
        Constraint("latency", at_least=1),
    )
    assert settings.names == ("accuracy", "num_parameters", "a:b", "latency")
    for wrong in ("num_parameters", "num_parameters:", ":3", "num_parameters:nan"):
        with pytest.raises(ValueError, match="at_most must be NAME:NUMBER"):
            GoalSettings(at_most=(wrong,)).goals(Measuring())


def test_a_function_returns_several_numbers():
    space = nao.spaces.custom({"width": (1, 2)})
    objective = Objective("accuracy")

    def measure(choices):
        return {"latency": 2.0, "accuracy": 0.5} if choices["width"] == 1 else {"x": 1}

    evaluator = nao.evaluators.FunctionEvaluator(space, measure, objective)
    rows = np.concatenate(list(space.enumerate()))
    first, second = evaluator.evaluate(rows, None)
    assert (first.value, first.metrics) == (0.5, {"latency": 2.0})
    assert (
        second.value is None and "the result has no 'accuracy', but x" in second.reason
    )
