"""What `config.json` of a search holds."""

import dataclasses
import os
from typing import Any

from nao import fields
from nao.evaluators import Evaluator
from nao.strategies import Strategy


def of_arguments(
    num_trials: int, seed: int, storage: str, warm_start: str | os.PathLike
) -> dict[str, Any]:
    """Returns the arguments of `nao.search` that stand there whatever else does.

    Raises:
        ValueError: If one is of another type, or a number is out of range.
    """
    fields.check_value("num_trials", num_trials, int)
    fields.check_value("seed", seed, int, fields.MAX_SEED)
    fields.check_value("storage", storage, str)
    if num_trials < 1:
        raise ValueError(f"num_trials must be at least 1, got {num_trials}.")
    fields.check_seed(seed)
    return {
        "num_trials": int(num_trials),
        "seed": int(seed),
        "storage": storage,
        "warm_start": str(warm_start),
    }


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
    # A strategy's settings may grow like a config's; the others here are fixed.
    return settings, {"strategy_config": fields.defaults(type(strategy.config))}
