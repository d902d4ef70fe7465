"""What `config.json` of a search holds."""

import dataclasses
from typing import Any

from nao import fields
from nao.evaluators import Evaluator
from nao.strategies import Strategy


def of_search(
    config: Any, strategy: Strategy, evaluator: Evaluator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the settings of a search, and the defaults of their fields.

    Args:
        config: The config that was asked for; None where strategy and evaluator were
            given as objects, which then say what they are.
        strategy: Who proposes.
        evaluator: Where numbers come from.
    """
    if config is not None:
        return fields.to_dict(config), fields.defaults(type(config))
    settings = {
        "space": {"name": strategy.space.name, "slots": len(strategy.space.slots)},
        "strategy": strategy.name,
        "strategy_config": fields.to_dict(strategy.config),
        "deduplicate": strategy.deduplicate,
        "evaluator": type(evaluator).__name__,
        "objective": dataclasses.asdict(evaluator.objective),
    }
    return settings, {"strategy_config": fields.defaults(type(strategy.config))}
