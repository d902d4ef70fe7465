"""What was taken for a strategy or an evaluator, and failed somewhere in the search."""

import pytest

import nao
from nao import spaces, strategies
from nao.evaluators import FunctionEvaluator
from nao.strategies.darts import Derived
from tests.searching import CONFIG, SPACE, Counting

STRATEGY = strategies.NAO(SPACE, CONFIG)
AIMLESS = strategies.RandomSearch(SPACE, goals=("sum", "size"))


class Forgetful(Counting):
    """Learns, but has no state to begin with."""

    def learn(self, state, draw):
        return state


def score(choices):
    return 1.0


@pytest.mark.parametrize(
    ("strategy", "evaluator", "message"),
    [
        (SPACE, Counting(), "strategy must be .* got the space 'custom'; make one"),
        (strategies.NAO, Counting(), "strategy must be .* got the class NAO"),
        ("nao", Counting(), "strategy must be .* got str 'nao'"),
        (strategies.NAO(spaces.NASBench201), Counting(), "strategy.space must be"),
        (STRATEGY, score, "evaluator must be .* got the function score; a function"),
        (STRATEGY, Counting, "evaluator must be .* got the class Counting"),
        (STRATEGY, None, "evaluator must be .* got NoneType None"),
        (Counting(), STRATEGY, "strategy must be an object with space, config"),
        (STRATEGY, Forgetful(), "evaluator must be .* test, init and learn, got"),
        (AIMLESS, Counting(), r"goals of a strategy must be made by nao.Goals.of"),
    ],
)
def test_a_wrong_object_is_named(tmp_path, strategy, evaluator, message):
    with pytest.raises(TypeError, match=message) as error:
        nao.search(strategy, evaluator, num_trials=6, workdir=tmp_path / "run")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_strategy_and_evaluator_of_different_spaces_are_refused(tmp_path):
    """Tokens of one space meant something else in the other, without a word."""
    other = spaces.custom({f"slot{i}": range(3) for i in range(5)})
    with pytest.raises(
        ValueError,
        match=r"one space, got 'custom' \(5 slots, 20 .* 'custom' \(5 slots, 15 ",
    ):
        nao.search(STRATEGY, Counting(space=other), num_trials=6, workdir=tmp_path)


def test_what_asks_for_the_derived_needs_who_derives(tmp_path):
    strategy = Derived(SPACE)
    with pytest.raises(
        ValueError, match=r"darts needs an evaluator that derives .* got"
    ):
        nao.search(strategy, Counting(), num_trials=6, workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_wrong_object_can_not_be_asked():
    with pytest.raises(TypeError, match=r"strategy must be .* got the space 'custom'"):
        nao.AskTell(SPACE)


def test_a_function_evaluator_needs_a_space_and_a_function():
    with pytest.raises(TypeError, match="space must be a space such as"):
        FunctionEvaluator(score, SPACE)
    with pytest.raises(TypeError, match=r"space must be a space .*class .*NASBench201"):
        FunctionEvaluator(spaces.NASBench201, score)
    with pytest.raises(TypeError, match=r"function must map choices .* got 3"):
        FunctionEvaluator(SPACE, 3)
