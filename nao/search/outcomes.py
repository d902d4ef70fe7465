"""What an evaluator of anyone's own returns, checked where a search takes it."""

import math
import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import logging

from nao.evaluators import Evaluation, Evaluator
from nao.system import functions
from nao.types import Array


def evaluate(
    evaluator: Evaluator,
    tokens: np.ndarray,
    keys: Array,
    budgets: np.ndarray | None = None,
    **more: Any,
) -> Iterator[Evaluation]:
    """Yields what an evaluator measures, one evaluation per row of tokens.

    One that knows no budgets hears of none. Further arguments are passed on.

    Raises:
        TypeError: If it yields something else, or not as many.
    """
    more |= {} if budgets is None else {"budgets": budgets}
    outcomes = evaluator.evaluate(tokens, keys, **more)
    if not hasattr(outcomes, "__iter__"):
        raise _wrong(len(tokens), outcomes)
    num = 0
    for num, outcome in enumerate(outcomes, 1):
        if not isinstance(outcome, Evaluation):
            raise _wrong(len(tokens), outcome)
        if num > len(tokens):
            raise _wrong(len(tokens), f"{num} or more")
        yield outcome
    if num < len(tokens):
        raise _wrong(len(tokens), num)


def _wrong(num: int, got: object) -> TypeError:
    return TypeError(
        "evaluator.evaluate must yield one Evaluation per row of tokens, "
        f"{num} here, got {got if isinstance(got, str) else reprlib.repr(got)}."
    )


def test(
    evaluator: Evaluator, tokens: np.ndarray, key: Array, **arguments: Any
) -> dict[str, float]:
    """Returns the test numbers of the final choice [length], finite ones.

    The search is over and its result stands: a test that fails is told, and leaves the
    choice without test numbers.
    """
    try:
        found = functions.numbers(
            "The result of evaluator.test", evaluator.test(tokens, key, **arguments)
        )
    # A user's code may raise anything; Ctrl-C, a KeyboardInterrupt, still stops it.
    except (Exception, SystemExit) as error:
        logging.warning(
            "The final choice could not be tested: %s.", functions.in_one_line(error)
        )
        return {}
    for name, value in found.items():
        if not math.isfinite(value):
            logging.warning(
                "%s of the final choice is %s; it is left out.", name, value
            )
    return {name: value for name, value in found.items() if math.isfinite(value)}
