"""What `config.json` of a search holds."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from nao import fields
from nao.evaluators import Evaluator, goals_of
from nao.runs import RunDirectory
from nao.search.limits import Limits
from nao.strategies import Strategy


def of_arguments(
    allowed: Limits, seed: int, storage: str, warm_start: str | os.PathLike
) -> dict[str, Any]:
    """Returns the arguments of `nao.search` that stand there whatever else does.

    Raises:
        ValueError: If one is of another type, or a number is out of range.
    """
    for name in ("num_trials", "num_finalists"):
        number = getattr(allowed, name)
        fields.check_value(name, number, int)
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}.")
    fields.check_value("storage", storage, str)
    fields.check_seed(seed)
    fields.check_value("max_cost", allowed.max_cost, float)
    if allowed.max_cost < 0:
        raise ValueError(f"max_cost must not be negative, got {allowed.max_cost}.")
    return {
        "num_trials": int(allowed.num_trials),
        "num_finalists": int(allowed.num_finalists),
        "max_cost": float(allowed.max_cost),
        "seed": int(seed),
        "storage": storage,
        "warm_start": str(warm_start),
    }


class Asked(NamedTuple):
    """What a search was asked for, besides its strategy and evaluator.

    Attributes:
        arguments: What `of_arguments` returned.
        config: A config dataclass; None where strategy and evaluator say what they are.
        content: SHA-256 of what the numbers come from, by name.
    """

    arguments: Mapping[str, Any]
    config: Any
    content: Mapping[str, str]


class Settings(NamedTuple):
    """What `config.json` holds, and how it is compared with what is there.

    Attributes:
        values: Settings, JSON values.
        defaults: Default values of their fields.
        places: Names of the fields that only say where something lies.
    """

    values: dict[str, Any]
    defaults: dict[str, Any]
    places: frozenset[str] = frozenset()

    def open(
        self, workdir: str | os.PathLike, arguments: Mapping[str, Any]
    ) -> RunDirectory:
        """Opens the folder of a run of these settings, see `RunDirectory`."""
        settings = self.values | dict(arguments)
        return RunDirectory(workdir, settings, self.defaults, self.places)


def of_search(
    config: Any, strategy: Strategy, evaluator: Evaluator, content: Mapping[str, str]
) -> Settings:
    """Returns the settings of a search.

    Args:
        config: The config that was asked for; None where strategy and evaluator were
            given as objects, which then say what they are.
        strategy: Who proposes.
        evaluator: Where numbers come from.
        content: SHA-256 of what the numbers come from, by name: where it is known, it
            does not matter where that lies.
    """
    if not isinstance(content, Mapping) or not all(
        isinstance(text, str) for pair in content.items() for text in pair
    ):
        raise ValueError(f"content must be text by name, got {content!r}.")
    if config is not None:
        kind = type(config)
        if not dataclasses.is_dataclass(kind):
            raise ValueError(f"config must be a dataclass, got {config!r}.")
        places = frozenset(fields.places(kind) if content else ())
        return Settings(fields.to_dict(config), fields.defaults(kind), places)
    settings = {
        "space": {"name": strategy.space.name, "slots": len(strategy.space.slots)},
        "strategy": strategy.name,
        "strategy_config": fields.to_dict(strategy.config),
        "deduplicate": strategy.deduplicate,
        "evaluator": type(evaluator).__name__,
        "objective": dataclasses.asdict(evaluator.objective),
    }
    goals = goals_of(strategy, evaluator)
    if not goals.is_plain:
        settings["goals"] = {
            "objectives": [dataclasses.asdict(each) for each in goals.objectives],
            "constraints": [dataclasses.asdict(bound) for bound in goals.constraints],
        }
    # A strategy's settings may grow like a config's; the others here are fixed.
    defaults = {"strategy_config": fields.defaults(type(strategy.config))}
    defaults["num_finalists"] = 1
    # The strategy's, as one that knows none measures with the full budget alone.
    if getattr(strategy, "budgets", ()):
        settings["budgets"] = list(map(float, strategy.budgets))
        defaults["budgets"] = settings["budgets"]  # of a run that did not note them
    return Settings(settings, defaults)
