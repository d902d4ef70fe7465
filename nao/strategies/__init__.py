"""Who proposes architectures: NAO and its baselines, one protocol."""

from nao.strategies.base import Pool, State, Strategy
from nao.strategies.nao import NAO, PAPER, NAOConfig
from nao.strategies.random_search import RandomConfig, RandomSearch
from nao.strategies.unseen import DEDUPLICATE, Unseen

__all__ = [
    "DEDUPLICATE",
    "NAO",
    "PAPER",
    "NAOConfig",
    "Pool",
    "RandomConfig",
    "RandomSearch",
    "State",
    "Strategy",
    "Unseen",
]
