"""Calls a user's own function from architecture to number."""

import dataclasses
import inspect
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nao.evaluators import base
from nao.fields import documented, option
from nao.spaces import Choice, Space
from nao.system import functions
from nao.types import Array


@documented
@dataclasses.dataclass(frozen=True)
class FunctionConfig:
    """Which function to call."""

    name: str = option(
        "",
        "Function to call, as `module:function`; `:function` in a config file names "
        "one of that file.",
    )
    maximize: bool = option(True, "Whether a higher result is better.")
    budgets: tuple[float, ...] = option(
        (),
        "Budgets of a function that takes a `budget`, ascending, the full one last; "
        "strategies such as successive_halving choose among them.",
    )


# Equal to itself alone: functions can't be compared by what they do.
@dataclasses.dataclass(frozen=True, eq=False)
class FunctionEvaluator:
    """Evaluates architectures one after the other by calling a function.

    Attributes:
        space: Space of the architectures.
        function: Maps choices by slot name to a number; or to several by name, the
            objective's among them, the others metrics. What it raises, and what is no
            finite number, is a failed evaluation.
        objective: Name and direction of the result.
        budgets: What the function may be given as `budget`, ascending, the full one
            last; empty where it takes none.
    """

    space: Space
    function: Callable[..., float | Mapping[str, float]]
    objective: base.Objective = dataclasses.field(
        default_factory=lambda: base.Objective("objective")
    )
    budgets: Sequence[float] = ()

    def __post_init__(self):
        if not isinstance(self.space, Space):
            raise TypeError(
                "space must be a space such as nao.spaces.NASBench201(), got "
                f"{self.space!r}."
            )
        if not callable(self.function):
            raise TypeError(
                f"function must map choices by slot to a number, got {self.function!r}."
            )
        budgets = base.checked_budgets("function.budgets", self.budgets)
        object.__setattr__(self, "budgets", budgets)
        takes, needs = _use_of_budget(self.function)
        if (budgets and not takes) or (needs and not budgets):
            name = getattr(self.function, "__name__", self.function)
            raise ValueError(
                "function.budgets must be given to a function that takes a `budget`, "
                f"and to no other; got {list(budgets)} and the function {name!r}."
            )

    @property
    def source(self) -> str:
        """What the numbers come from, in words: `by` and the function's name."""
        name = getattr(self.function, "__name__", "")
        return f"by {name}" if name.isidentifier() else ""  # a lambda has none

    @property
    def content(self) -> dict[str, str]:
        """Empty, since what a function reads is not known.

        So a search is continued even if the function has changed.
        """
        return {}

    def evaluate(
        self, tokens: np.ndarray, keys: Array, budgets: np.ndarray | None = None
    ) -> Iterator[base.Evaluation]:
        """Yields the function's result for each row of tokens, int32 [num, length]."""
        del keys  # The function has no JAX randomness.
        given = [{}] * len(tokens)
        if self.budgets:
            full = np.full(len(tokens), self.budgets[-1])
            chosen = full if budgets is None else budgets
            given = [{"budget": budget} for budget in chosen.tolist()]
        for row, budget in zip(tokens, given, strict=True):
            yield self._evaluate(self.space.by_slot(row), budget)

    def cost(self, budget: float, before: float) -> float:
        """Returns a budget's share of the full one: nothing is known to go on."""
        del before
        return budget / self.budgets[-1]

    def _evaluate(
        self, choices: dict[str, Choice], budget: dict[str, float]
    ) -> base.Evaluation:
        start = time.perf_counter()
        try:
            # Converted here, so that a result that is no number fails as well.
            value, metrics = self._read(self.function(choices, **budget))
        # A user's code may call `sys.exit`; Ctrl-C, a KeyboardInterrupt, still ends the
        # search.
        except (Exception, SystemExit) as error:
            return base.Evaluation.of_exception(error, time.perf_counter() - start)
        seconds = time.perf_counter() - start
        if not math.isfinite(value):
            return base.Evaluation(None, seconds=seconds, reason=f"result is {value}")
        return base.Evaluation(value, metrics, seconds)

    def _read(self, result: Any) -> tuple[float, dict[str, float]]:
        """Returns the objective in a result, and metrics by name."""
        if not isinstance(result, Mapping):
            return functions.number("result", result), {}
        found, name = functions.numbers("result", result), self.objective.name
        if name not in found:
            raise ValueError(f"the result has no {name!r}, but {', '.join(found)}")
        return found.pop(name), found

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Returns nothing: a function has no test part."""
        del tokens, key
        return {}


def _use_of_budget(function: Callable) -> tuple[bool, bool]:
    """Says whether a function takes a `budget` by name, and whether it needs one."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # of some builtins nothing is known
        return False, False
    kinds = {each.kind for each in parameters.values()}
    found = parameters.get("budget")
    if found is None:
        return inspect.Parameter.VAR_KEYWORD in kinds, False
    takes = found.kind is not inspect.Parameter.POSITIONAL_ONLY
    return takes, found.default is inspect.Parameter.empty


def load(
    config: FunctionConfig, space: Space, name: str | None = None
) -> FunctionEvaluator:
    """Imports the function that `config` names.

    Args:
        config: Which function.
        space: Space of the architectures.
        name: Name of the objective; the function's by default.

    Raises:
        ValueError: If there is no such function.
    """
    function = functions.load_function(config.name, "function.name")
    # Tables and figures show the objective by the function's name.
    name = name or config.name.partition(":")[2]
    objective = base.Objective(name, config.maximize)
    return FunctionEvaluator(space, function, objective, config.budgets)


def from_settings(settings: Any, space: Space) -> FunctionEvaluator:
    """Makes the evaluator from `EvaluatorSettings`.

    Raises:
        ValueError: If there is no such function.
    """
    return load(settings.function, space, next(iter(settings.objectives), None))
