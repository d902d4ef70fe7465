"""Strategies against each other, finished searches compared; rankings by supernets."""

from nao.benchmark.benchmark import Benchmark
from nao.benchmark.comparison import Group
from nao.benchmark.entries import Entry, read_entries
from nao.benchmark.ranking import Ranking, Scores
from nao.benchmark.runner import run_one
from nao.benchmark.trajectory import Trajectory

__all__ = [
    "Benchmark",
    "Entry",
    "Group",
    "Ranking",
    "Scores",
    "Trajectory",
    "read_entries",
    "run_one",
]


def __dir__() -> list[str]:
    return __all__
