"""Neural Architecture Optimization (Luo et al., 2018) in JAX and Flax.

A search is a strategy that proposes architectures of a space, and an evaluator that
gives them their number: `nao.search(strategy, evaluator, num_trials=..., workdir=...)`.
"""

import importlib
from typing import Any

from nao.system import start as _start  # noqa: F401  # before what takes seconds

# isort: split
from nao import child, controller, data, embedding, evaluators, spaces, strategies
from nao.child import ChildConfig, FinalConfig, FlaxNet, Task, TrainedChild
from nao.config import Config
from nao.controller import Controller, ControllerConfig
from nao.embedding import Embedding
from nao.evaluators import Constraint, Goals
from nao.runs import Trial
from nao.search import AskTell, Result
from nao.searching import search
from nao.system.process import VERSION as __version__

# Imported when they are first asked for: they draw and serve, which a search does not.
_LAZY = ("benchmark", "integrations", "report")

__all__ = [
    "AskTell",
    "ChildConfig",
    "Config",
    "Constraint",
    "Controller",
    "ControllerConfig",
    "Embedding",
    "FinalConfig",
    "FlaxNet",
    "Goals",
    "Result",
    "Task",
    "TrainedChild",
    "Trial",
    "__version__",
    "benchmark",
    "child",
    "controller",
    "data",
    "embedding",
    "evaluators",
    "integrations",
    "report",
    "search",
    "spaces",
    "strategies",
]


def __getattr__(name: str) -> Any:
    """Imports a room that is not needed to search, once it is asked for."""
    if name in _LAZY:
        return importlib.import_module(f"nao.{name}")
    raise AttributeError(f"module 'nao' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
