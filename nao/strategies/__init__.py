"""Who proposes architectures: NAO and its baselines, one protocol."""

from nao.strategies.bananas import Bananas, BananasConfig
from nao.strategies.base import (
    ControllerUse,
    Pool,
    PoolStrategy,
    Round,
    State,
    Strategy,
)
from nao.strategies.darts import Derived
from nao.strategies.evolution import Evolution, EvolutionConfig
from nao.strategies.forest import Forest, ForestConfig
from nao.strategies.gp import GP, GPConfig
from nao.strategies.local_search import LocalSearch, LocalSearchConfig
from nao.strategies.nao import NAO
from nao.strategies.nao_config import PAPER, SEMINAS, NAOConfig
from nao.strategies.nao_ws import NAOWS, NAOWSConfig
from nao.strategies.random_search import RandomConfig, RandomSearch, RandomWSConfig
from nao.strategies.registry import DERIVED, STRATEGIES, StrategySettings, make
from nao.strategies.reinforce import Reinforce
from nao.strategies.reinforce_config import ENASConfig, ReinforceConfig
from nao.strategies.successive_halving import (
    SuccessiveHalving,
    SuccessiveHalvingConfig,
)
from nao.strategies.tpe import TPE, TPEConfig
from nao.strategies.unseen import DEDUPLICATE, Unseen

__all__ = [
    "DEDUPLICATE",
    "DERIVED",
    "GP",
    "NAO",
    "NAOWS",
    "PAPER",
    "SEMINAS",
    "STRATEGIES",
    "TPE",
    "Bananas",
    "BananasConfig",
    "ControllerUse",
    "Derived",
    "ENASConfig",
    "Evolution",
    "EvolutionConfig",
    "Forest",
    "ForestConfig",
    "GPConfig",
    "LocalSearch",
    "LocalSearchConfig",
    "NAOConfig",
    "NAOWSConfig",
    "Pool",
    "PoolStrategy",
    "RandomConfig",
    "RandomSearch",
    "RandomWSConfig",
    "Reinforce",
    "ReinforceConfig",
    "Round",
    "State",
    "Strategy",
    "StrategySettings",
    "SuccessiveHalving",
    "SuccessiveHalvingConfig",
    "TPEConfig",
    "Unseen",
    "make",
]


def __dir__() -> list[str]:
    return __all__
