"""What a benchmark is asked to compare."""

import pytest

from nao import benchmark
from nao.config import BenchmarkConfig, Config


def test_entries_name_seeds_and_queries():
    texts = ("nao", "random:3", "evolution:4:500")
    config = Config(num_trials=20, benchmark=BenchmarkConfig(texts, 2))
    assert benchmark.read_entries(config) == [
        benchmark.Entry("nao", 2, 20),
        benchmark.Entry("random", 3, 20),
        benchmark.Entry("evolution", 4, 500),
    ]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("nap",), "Unknown strategy 'nap'; known: nao, random"),
        (("nao:x",), "must be NAME, NAME:SEEDS or NAME:SEEDS:QUERIES, got 'nao:x'"),
        (("nao:0",), "nao: num_seeds must be at least 1, got 0"),
        (("nao", "nao:3"), "names 'nao' twice"),
    ],
)
def test_wrong_entries_are_refused(texts, message):
    config = Config(benchmark=BenchmarkConfig(texts))
    with pytest.raises(ValueError, match=message):
        benchmark.read_entries(config)
