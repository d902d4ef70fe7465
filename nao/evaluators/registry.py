"""Evaluators by name, and all that a user can choose about them.

A new evaluator is a module of its own, a line in `EvaluatorSettings` and one in
`EVALUATORS`, and its export.
"""

import dataclasses
from collections.abc import Callable

from nao.child import ChildConfig, FinalConfig
from nao.child.mixture_config import MixtureConfig
from nao.data.config import DataConfig
from nao.evaluators import function, mixture, shared, table, training
from nao.evaluators.base import SourcedEvaluator
from nao.evaluators.function import FunctionConfig
from nao.evaluators.goal_settings import GoalSettings
from nao.evaluators.shared import SharedConfig
from nao.evaluators.table_config import TableConfig
from nao.fields import documented, option, part
from nao.spaces import Space, TopologyFamily


@documented
@dataclasses.dataclass(frozen=True)
class EvaluatorSettings(GoalSettings):
    """Settings of every evaluator, whichever a config chooses, and what it is for."""

    # Up to `train` of the training evaluator; then a part for each of the others.
    num_devices: int = option(
        0,
        "Devices that train children, each a child of its own in a search; 0 is all. "
        "On CPU a device is a core, and 0 takes at most 4.",
    )
    data: DataConfig = part(DataConfig)
    child: ChildConfig = part(ChildConfig)
    train: FinalConfig = part(FinalConfig)
    shared: SharedConfig = part(SharedConfig)
    mixture: MixtureConfig = part(MixtureConfig)
    table: TableConfig = part(TableConfig)
    function: FunctionConfig = part(FunctionConfig)


# What a config names, see `spaces.make`: only a table takes something else than a
# space, and makes one of its columns.
SpaceOrNot = Space | TopologyFamily | None

EVALUATORS: dict[str, Callable[[EvaluatorSettings, SpaceOrNot], SourcedEvaluator]] = {
    "training": training.from_settings,
    "shared": shared.from_settings,
    "mixture": mixture.from_settings,
    "table": table.from_settings,
    "function": function.from_settings,
}

# Those whose children are networks, which train on `data` by `child` and `train`.
TRAINED = ("training", "shared", "mixture")


def make(name: str, settings: EvaluatorSettings, space: SpaceOrNot) -> SourcedEvaluator:
    """Makes an evaluator; its `space` is the space to search.

    Args:
        name: One of `EVALUATORS`.
        settings: Settings of all evaluators.
        space: Space of the architectures; None where a table's slot columns become it,
            cells of any number of nodes where it says how many.

    Raises:
        ValueError: If the name is unknown, or the settings do not fit.
    """
    if name not in EVALUATORS:
        raise ValueError(f"Unknown evaluator {name!r}; known: {', '.join(EVALUATORS)}.")
    if space is None and name != "table":
        raise ValueError(f"space.name=table needs evaluator=table, got {name!r}.")
    if isinstance(space, TopologyFamily) and name != "table":
        raise ValueError(
            "space.name=topology_cell needs space.num_edges, unless evaluator=table, "
            f"whose columns say it; evaluator is {name!r}."
        )
    return EVALUATORS[name](settings, space)
