"""Benchmarks over a table of 27 designs."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from nao import benchmark, experiment
from nao.config import BenchmarkConfig, Config, SpaceConfig
from nao.evaluators import TableConfig

SLOTS = {"a": "xyz", "b": "123", "c": "pqr"}


@pytest.fixture
def config(tmp_path):
    lines = ["a,b,c,score,test"]
    for row in itertools.product(*SLOTS.values()):
        total = sum(c.index(x) for x, c in zip(row, SLOTS.values(), strict=True))
        lines.append(",".join([*row, str(total), str(total / 2)]))
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return Config(
        num_trials=20,
        evaluator="table",
        deduplicate="sequence",
        space=SpaceConfig(name="table"),
        table=TableConfig(str(path), slots="a,b,c", objective="score", test="test"),
        benchmark=BenchmarkConfig(("random", "local_search:1"), 2, num_workers=1),
    )


def run(config, workdir):
    progress = []
    rows = experiment.run_benchmark(
        config, workdir, lambda done, total: progress.append((done, total))
    )
    return rows, progress


def test_entries_name_seeds_and_queries(config):
    texts = ("nao", "random:3", "evolution:4:500")
    changed = dataclasses.replace(config, benchmark=BenchmarkConfig(texts, 2))
    assert benchmark.entries(changed) == [
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
def test_wrong_entries_are_refused(config, texts, message):
    changed = dataclasses.replace(config, benchmark=BenchmarkConfig(texts))
    with pytest.raises(ValueError, match=message):
        benchmark.entries(changed)


def test_a_benchmark_end_to_end(config, tmp_path):
    workdir = tmp_path / "out"
    rows, progress = run(config, workdir)
    assert progress == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert [(row["strategy"], row["seeds"]) for row in rows] == [
        ("random", 2),
        ("local_search", 1),
    ]
    written = json.loads((workdir / "benchmark.json").read_text())
    assert written["best_value"] == 6
    for found in written["runs"]:
        assert len(set(found["architectures"])) == len(found["objective"]) <= 20
        # The best's test number is half its score.
        assert found["test"][-1] == max(found["objective"]) / 2
    for name in ("summary.md", "summary.csv", "figures/regret.png", "figures/test.svg"):
        assert (workdir / name).stat().st_size

    # All of it is there; a strategy more is all that is run.
    assert run(config, workdir)[1] == [(3, 3)]
    more = (*config.benchmark.strategies, "evolution:1")
    more = dataclasses.replace(config.benchmark, strategies=more)
    more = dataclasses.replace(config, benchmark=more)
    assert run(more, workdir)[1] == [(3, 4), (4, 4)]
    # A larger budget runs those again that had spent theirs.
    larger = dataclasses.replace(config, num_trials=27)
    (random, _), _ = run(larger, workdir)
    assert random["reached"] == 2


def test_other_settings_in_the_folder_are_refused(config, tmp_path):
    run(config, tmp_path / "out")
    other = dataclasses.replace(config, deduplicate="canonical")
    with pytest.raises(ValueError, match="deduplicate is 'sequence' there"):
        run(other, tmp_path / "out")


def test_a_benchmark_needs_a_table(tmp_path):
    with pytest.raises(ValueError, match="mode=benchmark needs evaluator=table"):
        run(Config(), tmp_path)


def test_a_run_asks_what_a_search_asks(config, tmp_path):
    """Same seed, same rounds, in a benchmark and in a search."""
    patient = BenchmarkConfig(("random",), stop_at_best=False)
    config = dataclasses.replace(config, strategy="random", seed=1, benchmark=patient)
    found = benchmark.run_one(
        experiment.make_evaluator(config), config, "random", 1, 20
    )
    searched = experiment.search(config, tmp_path / "search")
    assert list(found.objective) == [trial.value for trial in searched.trials]


def test_finished_searches_are_compared(config, tmp_path):
    for seed, strategy in itertools.product(range(2), ("random", "evolution")):
        changed = dataclasses.replace(config, seed=seed, strategy=strategy)
        experiment.search(changed, tmp_path / f"{strategy}-{seed}")
    folders = [tmp_path / f"{s}-{i}" for s in ("random", "evolution") for i in (0, 1)]
    rows = experiment.compare_searches(folders, tmp_path / "out")
    assert [(row["strategy"], row["seeds"]) for row in rows] == [
        ("random", 2),
        ("evolution", 2),
    ]
    assert np.isfinite(rows[0]["test@20"])
    with pytest.raises(ValueError, match="holds no finished search"):
        experiment.compare_searches([tmp_path], tmp_path / "out")


@pytest.mark.slow
def test_worker_processes_find_what_one_process_finds(config, tmp_path):
    _, _ = run(config, tmp_path / "one")
    parallel = dataclasses.replace(config.benchmark, num_workers=2)
    run(dataclasses.replace(config, benchmark=parallel), tmp_path / "two")
    one, two = (
        json.loads((tmp_path / name / "benchmark.json").read_text())["runs"]
        for name in ("one", "two")
    )
    assert [r["architectures"] for r in one] == [r["architectures"] for r in two]
