"""Strategies by name: NAO, its presets and ablations, and the baselines.

A new strategy is a module of its own, a line in `_BASELINES` (in `_BUDGETED` if it asks
with budgets), one of equal name in
`StrategySettings`, and its export.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from nao.fields import documented, part
from nao.spaces import Space
from nao.strategies.bananas import Bananas, BananasConfig
from nao.strategies.base import ColumnGoals, Strategy
from nao.strategies.darts import Derived
from nao.strategies.evolution import Evolution, EvolutionConfig
from nao.strategies.forest import Forest, ForestConfig
from nao.strategies.gp import GP, GPConfig
from nao.strategies.local_search import LocalSearch, LocalSearchConfig
from nao.strategies.nao import NAO
from nao.strategies.nao_config import PAPER, SEMINAS, NAOConfig
from nao.strategies.nao_ws import NAOWS, NAOWSConfig
from nao.strategies.random_search import RandomConfig, RandomSearch, RandomWSConfig
from nao.strategies.reinforce import Reinforce
from nao.strategies.reinforce_config import ENASConfig, ReinforceConfig
from nao.strategies.successive_halving import (
    SuccessiveHalving,
    SuccessiveHalvingConfig,
)
from nao.strategies.tpe import TPE, TPEConfig

# Fields of `NAOConfig` that each ablation changes; what that costs is in
# experiments/results/nasbench201.
ABLATIONS: dict[str, dict[str, Any]] = {
    "nao_random_candidates": {"candidates": "random"},  # no gradient, no decoder
    "nao_no_gradient": {"step_sizes": (0.0,)},  # samples decodings of the starts
    "nao_whole_space": {"candidates": "all"},  # ranks every architecture, no ascent
    "nao_predictor": {"ranked_by": "predictor"},  # no Gaussian process
    "nao_process": {"ranked_by": "process"},  # whatever the controller predicts
    # Learns from random sequences of each function instead of the canonical one.
    "nao_equivalents": {"canonical": False, "num_variants": 8},
    "nao_repeats": {"distinct_functions": False},  # may repeat a function at once
}

# Published recipes of NAO, with the names of their strategies.
PUBLISHED = {"nao_paper": PAPER, "seminas": SEMINAS}

_BASELINES = {
    "random": RandomSearch,
    "local_search": LocalSearch,
    "evolution": Evolution,
    "reinforce": Reinforce,
    "bananas": Bananas,
    "tpe": TPE,
    "gp": GP,
    "forest": Forest,
    "random_ws": RandomSearch,
    "enas": Reinforce,
    "nao_ws": NAOWS,
}

# Strategies that choose among the budgets of an evaluator.
_BUDGETED = {"successive_halving": SuccessiveHalving}

# Strategies that ask for what evaluator=mixture derives, by its own settings.
DERIVED = ("darts", "gdas")

# Strategies that take several objectives, and bounds.
AIMED = ("nao", *ABLATIONS, "evolution", "random", "random_ws", "nao_ws")

STRATEGIES = ("nao", *_BASELINES, *_BUDGETED, *DERIVED, *PUBLISHED, *ABLATIONS)


@documented
@dataclasses.dataclass(frozen=True)
class StrategySettings:
    """Settings of every strategy, each in the field of the strategy's name.

    Ablations start from those of `nao`; published recipes are fixed, and
    those that ask for what is derived have none.
    """

    nao: NAOConfig = part(NAOConfig)
    random: RandomConfig = part(RandomConfig)
    random_ws: RandomWSConfig = part(RandomWSConfig)
    local_search: LocalSearchConfig = part(LocalSearchConfig)
    evolution: EvolutionConfig = part(EvolutionConfig)
    reinforce: ReinforceConfig = part(ReinforceConfig)
    enas: ENASConfig = part(ENASConfig)
    nao_ws: NAOWSConfig = part(NAOWSConfig)
    bananas: BananasConfig = part(BananasConfig)
    tpe: TPEConfig = part(TPEConfig)
    gp: GPConfig = part(GPConfig)
    forest: ForestConfig = part(ForestConfig)
    successive_halving: SuccessiveHalvingConfig = part(SuccessiveHalvingConfig)


def check(name: str) -> None:
    """Raises ValueError where no strategy has that name."""
    if name not in STRATEGIES:
        raise ValueError(f"Unknown strategy {name!r}; known: {', '.join(STRATEGIES)}.")


def make(
    name: str,
    space: Space,
    settings: StrategySettings,
    deduplicate: str,
    budgets: Sequence[float] = (),
    goals: ColumnGoals | None = None,
) -> Strategy:
    """Makes a strategy.

    Args:
        name: One of `STRATEGIES`; the strategy keeps it.
        space: The space to search.
        settings: Settings of all strategies.
        deduplicate: What counts as the same architecture, one of `DEDUPLICATE`.
        budgets: Those that the evaluator lists, for strategies that choose among them.
        goals: Several objectives, or bounds; None for one objective without any.

    Raises:
        ValueError: If the name is unknown, or space, budgets or goals do not suit the
            strategy.
    """
    check(name)
    if goals is not None and name not in AIMED:
        raise ValueError(
            f"Strategy {name} takes one objective without bounds; for several, and for "
            f"bounds, take one of {', '.join(AIMED)}."
        )
    more = {} if goals is None else {"goals": goals}
    if name in _BASELINES:
        config = getattr(settings, name)
        return _BASELINES[name](space, config, deduplicate, name, **more)
    if name in _BUDGETED:
        config = getattr(settings, name)
        return _BUDGETED[name](space, config, deduplicate, name, budgets)
    if name in DERIVED:
        return Derived(space, deduplicate=deduplicate, name=name)
    if name in PUBLISHED:
        return NAO(space, PUBLISHED[name], deduplicate, name)
    # On top of the user's settings, so that an ablation is compared at equal ones.
    config = dataclasses.replace(settings.nao, **ABLATIONS.get(name, {}))
    return NAO(space, config, deduplicate, name, **more)
