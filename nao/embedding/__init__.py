"""Queries on a fitted controller: a latent space to ask and to look at."""

from nao.embedding.embedding import Embedding
from nao.embedding.found import Ends, Found, Front, Line, Neighbours
from nao.embedding.front_search import Measured, search_front
from nao.embedding.index import Index, Nearest
from nao.embedding.maps import Map
from nao.embedding.objectives import Prediction
from nao.embedding.paths import Path

__all__ = [
    "Embedding",
    "Ends",
    "Found",
    "Front",
    "Index",
    "Line",
    "Map",
    "Measured",
    "Nearest",
    "Neighbours",
    "Path",
    "Prediction",
    "search_front",
]


def __dir__() -> list[str]:
    return __all__
