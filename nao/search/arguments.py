"""What a search refuses before it begins: objects that can't work together."""

from collections.abc import Sequence
from typing import Any

from nao.evaluators import Objective, goals_of
from nao.spaces import Space
from nao.system.showing import counted

_STRATEGY = ("space", "config", "deduplicate", "name", "init", "ask", "tell")
_EVALUATOR = ("objective", "evaluate", "test")
_LEARNING = ("init", "learn")


def check(strategy: Any, evaluator: Any) -> None:
    """Checks that an evaluator can measure what a strategy can propose.

    Raises:
        TypeError: If one of them, or the strategy's goals, is something else.
        ValueError: If they are of different spaces, or the strategy asks for budgets
            that the evaluator does not list, or for what it does not derive.
    """
    check_strategy(strategy)
    hint = "a function is called by nao.evaluators.FunctionEvaluator(space, function)"
    _check("evaluator", evaluator, _EVALUATOR, hint)
    if not isinstance(evaluator.objective, Objective):
        raise TypeError(
            "evaluator.objective must be one such as nao.evaluators.Objective('loss', "
            f"maximize=False), got {_describe(evaluator.objective)}."
        )
    if hasattr(evaluator, "learn"):
        hint = "one that learns has a state: nao.evaluators.LearningEvaluator"
        _check("evaluator", evaluator, (*_EVALUATOR, *_LEARNING), hint)
    _check_spaces(strategy, evaluator)
    _check_derived(strategy, evaluator)
    _check_budgets(strategy, evaluator)
    _check_goals(strategy, evaluator)


def _check_derived(strategy: Any, evaluator: Any) -> None:
    asks = getattr(strategy, "asks_for_derived", False)
    if asks and not hasattr(evaluator, "derive"):
        raise ValueError(
            f"Strategy {strategy.name} needs an evaluator that derives architectures, "
            f"such as nao.evaluators.MixtureEvaluator, got {_describe(evaluator)}."
        )


def _check_budgets(strategy: Any, evaluator: Any) -> None:
    asked = tuple(getattr(strategy, "budgets", ()))
    listed = tuple(getattr(evaluator, "budgets", ()))
    if asked and asked != listed:
        raise ValueError(
            f"Strategy {strategy.name} must have the evaluator's budgets, "
            f"{listed or 'none'}, got {asked}."
        )


def _check_goals(strategy: Any, evaluator: Any) -> None:
    first = goals_of(strategy, evaluator).objective
    if first != evaluator.objective:
        raise ValueError(
            f"The goals of strategy {strategy.name} must begin with the evaluator's "
            f"objective, {evaluator.objective}, got {first}."
        )


def check_strategy(strategy: Any) -> None:
    """Checks that something can propose architectures.

    Raises:
        TypeError: If it is a class, a space, or lacks what a strategy has.
    """
    hint = "make one, such as nao.strategies.NAO(space)"
    _check("strategy", strategy, _STRATEGY, hint)
    if not isinstance(strategy.space, Space):
        raise TypeError(
            f"strategy.space must be a space such as nao.spaces.NASBench201(), got "
            f"{_describe(strategy.space)}."
        )


def check_single(strategy: Any, what: str) -> None:
    """Raises ValueError where a strategy has goals, and what tells it has none."""
    if getattr(strategy, "goals", None) is not None:
        raise ValueError(
            f"{what} is told one objective, without bounds; a strategy with goals is "
            "for nao.search."
        )


def _check_spaces(strategy: Any, evaluator: Any) -> None:
    """Raises ValueError where tokens of one space are told to another.

    They would mean something else there, or nothing.
    """
    # An evaluator of a user's own need not have a space.
    measured = getattr(evaluator, "space", None)
    if not isinstance(measured, Space) or measured.slots == strategy.space.slots:
        return
    raise ValueError(
        "strategy and evaluator must be of one space, got "
        f"{_slots(strategy.space)} and {_slots(measured)}."
    )


def _describe(given: Any) -> str:
    """Says in a few words what was given in place of something else."""
    if isinstance(given, type):
        return f"the class {given.__name__}"
    if isinstance(given, Space):
        return f"the space {given.name!r}"
    if hasattr(given, "__name__"):
        return f"the {type(given).__name__} {given.__name__}"
    text = repr(given)
    return f"{type(given).__name__} {text}" if len(text) < 80 else type(given).__name__


def _check(role: str, given: Any, needed: Sequence[str], hint: str) -> None:
    is_instance = not isinstance(given, type)
    if is_instance and all(hasattr(given, name) for name in needed):
        return
    raise TypeError(
        f"{role} must be an object with {', '.join(needed[:-1])} and {needed[-1]}, "
        f"got {_describe(given)}; {hint}."
    )


def _slots(space: Space) -> str:
    """Describes a space by what tells it from another: equal names may differ."""
    choices = sum(len(slot.choices) for slot in space.slots)
    num_slots = counted(len(space.slots), "slot")
    return f"{space.name!r} ({num_slots}, {counted(choices, 'choice')})"
