"""Calls a user's own function from architecture to number."""

import dataclasses
import importlib
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nao.evaluators import base
from nao.fields import option
from nao.spaces import Space
from nao.types import Array


@dataclasses.dataclass(frozen=True)
class FunctionConfig:
    """Which function to call."""

    name: str = option(
        "", "`module:function`; in a config file, `:function` is the file's own."
    )
    maximize: bool = option(True, "Whether a higher result is better.")


@dataclasses.dataclass(frozen=True, eq=False)
class FunctionEvaluator:
    """Evaluates architectures one after the other by calling a function.

    Attributes:
        space: Space of the architectures.
        function: Maps choice names by slot name to a number. What it raises, and what
            is not a finite number, is a failed evaluation.
        objective: Name and direction of the result.
    """

    space: Space
    function: Callable[[dict[str, str]], float]
    objective: base.Objective = dataclasses.field(
        default_factory=lambda: base.Objective("objective")
    )

    @property
    def content(self) -> dict[str, str]:
        """Nothing: what a function reads is not known."""
        return {}

    def evaluate(self, tokens: np.ndarray, keys: Array) -> Iterator[base.Evaluation]:
        """Yields the function's result for each row of tokens [num, length]."""
        del keys  # The function has no JAX randomness.
        for row in tokens:
            choices = self.space.by_slot(row)
            start = time.perf_counter()
            try:
                value, reason = float(self.function(choices)), ""
            except (Exception, SystemExit) as error:
                value, reason = None, _in_one_line(error)
            if value is not None and not math.isfinite(value):
                value, reason = None, f"result is {value}"
            seconds = time.perf_counter() - start
            yield base.Evaluation(value, seconds=seconds, reason=reason)

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Returns nothing: a function has no test part."""
        del tokens, key
        return {}


def load(config: FunctionConfig, space: Space) -> FunctionEvaluator:
    """Imports the function that `config` names.

    Raises:
        ValueError: If there is no such function.
    """
    module_name, _, function_name = config.name.partition(":")
    if not module_name or not function_name:
        raise ValueError(
            f"function.name must be 'module:function', got {config.name!r}."
        )
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"function.name {config.name!r}: {_in_one_line(error)}."
        ) from error
    if not callable(function):
        raise ValueError(f"function.name {config.name!r} is not callable.")
    objective = base.Objective(function_name, config.maximize)
    return FunctionEvaluator(space, function, objective)


def from_settings(settings: Any, space: Space) -> FunctionEvaluator:
    """Makes the evaluator from `EvaluatorSettings`."""
    return load(settings.function, space)


def _in_one_line(error: BaseException) -> str:
    """Describes an exception of a user's code, which may not even print."""
    try:
        message = str(error).splitlines()
    except Exception:
        message = []
    return f"{type(error).__name__}: {message[0] if message else ''}"
