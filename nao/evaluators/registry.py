"""Evaluators by name, and all that a user can choose about them.

A new evaluator is a module of its own, a line in both of these and its export.
"""

import dataclasses
from collections.abc import Callable

from nao.child import ChildConfig, FinalConfig
from nao.data.config import DataConfig
from nao.evaluators import function, table, training
from nao.evaluators.base import SourcedEvaluator
from nao.evaluators.function import FunctionConfig
from nao.evaluators.table import TableConfig
from nao.fields import option, part
from nao.spaces import Space


@dataclasses.dataclass(frozen=True)
class EvaluatorSettings:
    """Settings of every evaluator."""

    num_devices: int = option(
        0,
        "Devices for children, one child each in a search; 0 is all there are. On CPU "
        "a device is a core, and 0 is at most 4.",
    )
    data: DataConfig = part(DataConfig)
    child: ChildConfig = part(ChildConfig)
    train: FinalConfig = part(FinalConfig)
    table: TableConfig = part(TableConfig)
    function: FunctionConfig = part(FunctionConfig)


# What makes each, from the settings and the space; None for a space is the table's own.
EVALUATORS: dict[str, Callable[[EvaluatorSettings, Space | None], SourcedEvaluator]] = {
    "training": training.from_settings,
    "table": table.from_settings,
    "function": function.from_settings,
}


def make(
    name: str, settings: EvaluatorSettings, space: Space | None
) -> SourcedEvaluator:
    """Makes an evaluator; its `space` is the space to search.

    Args:
        name: One of `EVALUATORS`.
        settings: Settings of them all.
        space: Space of the architectures; None where a table brings it.

    Raises:
        ValueError: If the name is unknown, or the settings do not fit.
    """
    if name not in EVALUATORS:
        raise ValueError(f"Unknown evaluator {name!r}; known: {', '.join(EVALUATORS)}.")
    if space is None and name != "table":
        raise ValueError(f"space.name=table needs evaluator=table, got {name!r}.")
    return EVALUATORS[name](settings, space)
