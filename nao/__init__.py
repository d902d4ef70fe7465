"""Neural Architecture Optimization (Luo et al., 2018) in JAX and Flax.

A search is a strategy that proposes architectures of a space, and an evaluator that
gives them their number: `nao.search(strategy, evaluator, num_trials=..., workdir=...)`.
"""

from nao import data, evaluators, spaces, strategies
from nao.child import ChildConfig, TrainedChild
from nao.config import Config
from nao.controller import Controller, ControllerConfig
from nao.embedding import Constraint, Embedding
from nao.search import AskTell, Result, search

__all__ = [
    "AskTell",
    "ChildConfig",
    "Config",
    "Constraint",
    "Controller",
    "ControllerConfig",
    "Embedding",
    "Result",
    "TrainedChild",
    "data",
    "evaluators",
    "search",
    "spaces",
    "strategies",
]
