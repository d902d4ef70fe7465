"""Strategies against each other, and finished searches compared."""

from nao.benchmark.benchmark import Benchmark
from nao.benchmark.comparison import Group
from nao.benchmark.entries import Entry, read_entries
from nao.benchmark.runner import run_one
from nao.benchmark.trajectory import Trajectory

__all__ = ["Benchmark", "Entry", "Group", "Trajectory", "read_entries", "run_one"]


def __dir__() -> list[str]:
    return __all__
