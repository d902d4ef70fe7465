"""Strategies by name: NAO, its presets and ablations, and the baselines.

A new strategy is a module of its own, a line in `_BASELINES` and one in
`StrategySettings`, and its export.
"""

import dataclasses
from typing import Any

from nao.fields import part
from nao.spaces import Space
from nao.strategies.bananas import Bananas, BananasConfig
from nao.strategies.base import Strategy
from nao.strategies.evolution import Evolution, EvolutionConfig
from nao.strategies.gp import GP, GPConfig
from nao.strategies.local_search import LocalSearch, LocalSearchConfig
from nao.strategies.nao import NAO, PAPER, SEMINAS, NAOConfig
from nao.strategies.random_search import RandomConfig, RandomSearch
from nao.strategies.reinforce import Reinforce, ReinforceConfig
from nao.strategies.tpe import TPE, TPEConfig

# What each ablation of NAO changes about it.
ABLATIONS: dict[str, dict[str, Any]] = {
    "nao_random_candidates": {"candidates": "random"},  # no gradient, no decoder
    "nao_no_gradient": {"step_sizes": (0.0,)},  # decodes where it is, by sampling
    "nao_whole_space": {"candidates": "all"},
    "nao_equivalents": {"canonical": False, "num_variants": 8},
    "nao_repeats": {"distinct_functions": False},
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
}

STRATEGIES = ("nao", *_BASELINES, *PUBLISHED, *ABLATIONS)


@dataclasses.dataclass(frozen=True)
class StrategySettings:
    """Settings of every strategy, under its name.

    Ablations change those of `nao`; published recipes have their own.
    """

    nao: NAOConfig = part(NAOConfig)
    random: RandomConfig = part(RandomConfig)
    local_search: LocalSearchConfig = part(LocalSearchConfig)
    evolution: EvolutionConfig = part(EvolutionConfig)
    reinforce: ReinforceConfig = part(ReinforceConfig)
    bananas: BananasConfig = part(BananasConfig)
    tpe: TPEConfig = part(TPEConfig)
    gp: GPConfig = part(GPConfig)


def check(name: str) -> None:
    """Raises ValueError where no strategy has that name."""
    if name not in STRATEGIES:
        raise ValueError(f"Unknown strategy {name!r}; known: {', '.join(STRATEGIES)}.")


def make(
    name: str, space: Space, settings: StrategySettings, deduplicate: str
) -> Strategy:
    """Makes a strategy.

    Args:
        name: One of `STRATEGIES`; the strategy keeps it.
        space: The space to search.
        settings: Settings of all strategies.
        deduplicate: What counts as the same architecture.

    Raises:
        ValueError: If the name is unknown.
    """
    check(name)
    if name in _BASELINES:
        config = getattr(settings, name)
        return _BASELINES[name](space, config, deduplicate, name)
    if name in PUBLISHED:
        return NAO(space, PUBLISHED[name], deduplicate, name)
    config = dataclasses.replace(settings.nao, **ABLATIONS.get(name, {}))
    return NAO(space, config, deduplicate, name)
