"""Queries on a fitted controller: a latent space to ask and to look at."""

from nao.embedding.embedding import Embedding
from nao.embedding.front_search import search_front
from nao.embedding.index import Index, Neighbours
from nao.embedding.maps import Map
from nao.embedding.objectives import Constraint, Prediction
from nao.embedding.pareto import Front
from nao.embedding.paths import Path, Proposal

__all__ = [
    "Constraint",
    "Embedding",
    "Front",
    "Index",
    "Map",
    "Neighbours",
    "Path",
    "Prediction",
    "Proposal",
    "search_front",
]


def __dir__() -> list[str]:
    return __all__
