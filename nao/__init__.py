"""Neural Architecture Optimization (Luo et al., 2018) in JAX and Flax.

A search is a strategy that proposes architectures of a space, and an evaluator that
gives them their number: `nao.search(strategy, evaluator, num_trials=..., workdir=...)`.
"""

from nao import data, evaluators, spaces, strategies
from nao.child import ChildConfig
from nao.config import Config
from nao.controller import Controller, ControllerConfig
from nao.embedding import Constraint, Embedding
from nao.study import Result, search

__all__ = [
    "ChildConfig",
    "Config",
    "Constraint",
    "Controller",
    "ControllerConfig",
    "Embedding",
    "Result",
    "data",
    "evaluators",
    "search",
    "spaces",
    "strategies",
]
