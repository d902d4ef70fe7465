import jax
import pytest

from nao import spaces
from nao.evaluators import function

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
