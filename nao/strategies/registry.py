"""Strategies by name: NAO, its presets and ablations, and the baselines."""

import dataclasses
from typing import Any

from nao.spaces import Space
from nao.strategies import nao
from nao.strategies.bananas import Bananas
from nao.strategies.base import Strategy
from nao.strategies.evolution import Evolution
from nao.strategies.gp import GP
from nao.strategies.local_search import LocalSearch
from nao.strategies.random_search import RandomSearch
from nao.strategies.reinforce import Reinforce
from nao.strategies.tpe import TPE

# What each ablation of NAO changes about it.
ABLATIONS: dict[str, dict[str, Any]] = {
    "nao_random_candidates": {"candidates": "random"},  # no gradient, no decoder
    "nao_no_gradient": {"step_sizes": (0.0,)},  # decodes where it is, by sampling
    "nao_whole_space": {"candidates": "all"},
    "nao_equivalents": {"canonical": False, "num_variants": 8},
    "nao_repeats": {"distinct_functions": False},
}

# Published recipes of NAO, with the names of their strategies.
PUBLISHED = {"nao_paper": nao.PAPER, "seminas": nao.SEMINAS}

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


def check(name: str) -> None:
    """Raises ValueError where no strategy has that name."""
    if name not in STRATEGIES:
        raise ValueError(f"Unknown strategy {name!r}; known: {', '.join(STRATEGIES)}.")


def make(name: str, space: Space, settings: Any, deduplicate: str) -> Strategy:
    """Makes a strategy.

    Args:
        name: One of `STRATEGIES`.
        space: The space to search.
        settings: Holds the settings of each strategy under its name; ablations change
            those of `nao`, published recipes have their own.
        deduplicate: What counts as the same architecture.

    Raises:
        ValueError: If the name is unknown.
    """
    check(name)
    if name in _BASELINES:
        return _BASELINES[name](space, getattr(settings, name), deduplicate)
    if name in PUBLISHED:
        return nao.NAO(space, PUBLISHED[name], deduplicate)
    config = dataclasses.replace(settings.nao, **ABLATIONS.get(name, {}))
    return nao.NAO(space, config, deduplicate)
