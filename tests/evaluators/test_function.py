import functools

import jax
import numpy as np
import pytest

from nao import spaces
from nao.evaluators import Evaluation, function

SPACE = spaces.custom({"a": (1, 2, 3)})


def inverse(choices):
    return 1 / (2 - int(choices["a"]))


def not_a_number(choices):
    return float("nan")


def outcomes(evaluator):
    tokens = next(SPACE.enumerate())
    return list(evaluator.evaluate(tokens, jax.random.split(jax.random.key(0), 3)))


def test_an_exception_is_a_failed_evaluation():
    first, second, third = outcomes(function.FunctionEvaluator(SPACE, inverse))
    assert (first.value, third.value) == (1.0, -1.0)
    assert second.status == "failed"
    assert second.reason == "ZeroDivisionError: division by zero"


def leaving(choices):
    raise SystemExit(0)


def test_a_function_can_not_end_the_search():
    for outcome in outcomes(function.FunctionEvaluator(SPACE, leaving)):
        assert outcome.reason == "SystemExit: 0"


def test_nan_is_a_failed_evaluation():
    for outcome in outcomes(function.FunctionEvaluator(SPACE, not_a_number)):
        assert outcome.reason == "result is nan"


def raising(error):
    def function(choices):
        raise error

    return function


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError(), "ValueError"),
        (ValueError("\n \n"), "ValueError"),
        (ValueError("\nbecause\n\n  of this \n\n"), "ValueError: of this"),
        (KeyError("kernel"), "KeyError: 'kernel'"),
        (Unprintable("x"), "Unprintable"),
    ],
)
def test_a_reason_is_the_last_line_of_what_was_raised(error, reason):
    """It was the first one, often `ValueError: ` alone, and nothing else was kept."""
    for outcome in outcomes(function.FunctionEvaluator(SPACE, raising(error))):
        assert outcome.reason == reason
        assert "raise error" in outcome.traceback
        assert outcome.seconds > 0


@pytest.mark.parametrize("result", [None, "0.5", b"1", [0.5], 10**400])
def test_a_result_that_is_no_number_says_where(result):
    for outcome in outcomes(function.FunctionEvaluator(SPACE, lambda choices: result)):
        assert outcome.reason.startswith("ValueError: result must be a number, got ")
        assert "self.function(choices" in outcome.traceback


def test_what_is_kept_of_a_failure_has_bounded_length():
    """A reason of 5,000 characters filled terminal, page and `metrics.jsonl`."""
    error = ValueError("x" * 50_000)
    for outcome in outcomes(function.FunctionEvaluator(SPACE, raising(error))):
        assert outcome.reason.startswith("ValueError: xxx")
        assert outcome.reason.endswith("xxx...")
        assert len(outcome.reason) == 500
        assert len(outcome.traceback) == 20_000
    own = Evaluation(None, reason=f"first\n{'y' * 5000}")
    assert own.reason == "y" * 497 + "..."


def test_functions_are_found_by_name():
    evaluator = function.load(function.FunctionConfig("math:sqrt", False), SPACE)
    assert evaluator.objective.name == "sqrt"
    assert evaluator.objective.sign == -1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "must be 'module:function'"),
        ("math", "must be 'module:function'"),
        ("nowhere_to_be_found:f", "No module named"),
        ("math:nothing", "has no attribute"),
        ("math:pi", "not callable"),
    ],
)
def test_names_that_lead_nowhere(name, message):
    with pytest.raises(ValueError, match=message):
        function.load(function.FunctionConfig(name), SPACE)


def scaled(choices, budget):
    return choices["a"] * budget


def test_a_function_may_take_a_budget():
    """Without one it is given the full one."""
    evaluator = function.FunctionEvaluator(SPACE, scaled, budgets=(1, 4))
    assert [outcome.value for outcome in outcomes(evaluator)] == [4, 8, 12]
    tokens, keys = next(SPACE.enumerate()), jax.random.split(jax.random.key(0), 3)
    given = evaluator.evaluate(tokens, keys, np.array([1.0, 4.0, 1.0]))
    assert [outcome.value for outcome in given] == [1, 8, 3]
    assert evaluator.budgets == (1.0, 4.0) and evaluator.cost(1.0, 0.0) == 0.25


def with_default(choices, budget=4):
    return choices["a"] * budget


def passed_on(choices, **more):
    return scaled(choices, **more)


@pytest.mark.parametrize(
    ("called", "alone"),
    [(with_default, 4), (functools.partial(scaled, budget=9), 9)],
)
def test_a_budget_with_a_default_may_be_given(called, alone):
    """A partial function whose budget was given was refused without budgets."""
    first, *_ = outcomes(function.FunctionEvaluator(SPACE, called))
    assert first.value == alone
    first, *_ = outcomes(function.FunctionEvaluator(SPACE, called, budgets=(1, 2)))
    assert first.value == 2


def test_a_function_may_pass_its_budget_on():
    found = function.FunctionEvaluator(SPACE, passed_on, budgets=(1, 4))
    assert [outcome.value for outcome in outcomes(found)] == [4, 8, 12]


@pytest.mark.parametrize(
    ("called", "budgets", "message"),
    [
        (
            scaled,
            (),
            r"that takes a `budget`, and to no other; got \[\] and .* 'scaled'",
        ),
        (inverse, (1, 2), "must be given to a function that takes a `budget`"),
        (scaled, (2, 1), r"must be positive numbers that ascend, got \[2, 1\]"),
        (scaled, 5, "budgets must be numbers that ascend, got 5"),
        (scaled, "13", "budgets must be numbers that ascend, got '13'"),
        (scaled, (0, 1), "must be positive numbers that ascend"),
        (scaled, (1, float("inf")), "must be positive numbers that ascend"),
    ],
)
def test_budgets_that_do_not_fit_are_refused(called, budgets, message):
    with pytest.raises(ValueError, match=message):
        function.FunctionEvaluator(SPACE, called, budgets=budgets)
