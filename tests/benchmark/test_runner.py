"""Benchmarks over a table of 27 designs."""

import dataclasses
import itertools
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import launch
from nao import benchmark
from nao.commands import build
from nao.commands.benchmark import compare_searches, run_benchmark
from nao.commands.search import run_search
from nao.config import BenchmarkConfig, Config
from nao.evaluators import TableConfig
from nao.runs import RunDirectory
from nao.spaces import SpaceConfig

ROOT = pathlib.Path(launch.__file__).parent
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
    rows = run_benchmark(
        config, workdir, lambda done, total: progress.append((done, total))
    )
    return rows, progress


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
    (random, *_), _ = run(larger, workdir)
    assert random["reached"] == 2


def test_strategies_that_are_not_named_again_stay(config, tmp_path):
    run(config, tmp_path / "out")
    fewer = dataclasses.replace(config, benchmark=BenchmarkConfig(("evolution:1",)))
    rows, _ = run(fewer, tmp_path / "out")
    assert [(row["strategy"], row["seeds"]) for row in rows] == [
        ("evolution", 1),
        ("local_search", 1),
        ("random", 2),
    ]


def test_a_budget_ends_with_the_table(config, tmp_path):
    entries = BenchmarkConfig(("random:1:1000000000000",), stop_at_best=False)
    rows, _ = run(dataclasses.replace(config, benchmark=entries), tmp_path / "out")
    assert rows[0]["queries"] == 27


def test_a_table_without_test_numbers_has_no_figure_of_them(config, tmp_path):
    table = dataclasses.replace(config.table, test="")
    run(dataclasses.replace(config, table=table), tmp_path / "out")
    assert not (tmp_path / "out/figures/test.png").exists()


def test_other_settings_in_the_folder_are_refused(config, tmp_path):
    run(config, tmp_path / "out")
    other = dataclasses.replace(config, deduplicate="canonical")
    with pytest.raises(ValueError, match="deduplicate is 'sequence' there"):
        run(other, tmp_path / "out")


def test_a_benchmark_needs_a_table(tmp_path):
    with pytest.raises(ValueError, match=r"needs --config\.evaluator=table"):
        run(Config(), tmp_path)


def test_a_run_asks_what_a_search_asks(config, tmp_path):
    """Same seed, same rounds, in a benchmark and in a search."""
    patient = BenchmarkConfig(("random",), stop_at_best=False)
    config = dataclasses.replace(config, strategy="random", seed=1, benchmark=patient)
    found = benchmark.run_one(build.evaluator(config), config, "random", 1, 20)
    searched = run_search(config, tmp_path / "search")
    assert list(found.objective) == [trial.value for trial in searched.trials]


@pytest.mark.slow
def test_finished_searches_are_compared(config, tmp_path):
    for seed, strategy in itertools.product(range(2), ("random", "evolution")):
        changed = dataclasses.replace(config, seed=seed, strategy=strategy)
        run_search(changed, tmp_path / f"{strategy}-{seed}")
    folders = [tmp_path / f"{s}-{i}" for s in ("random", "evolution") for i in (0, 1)]
    rows = compare_searches(folders, tmp_path / "out")
    assert [(row["strategy"], row["seeds"]) for row in rows] == [
        ("random", 2),
        ("evolution", 2),
    ]
    assert np.isfinite(rows[0]["test@20"])
    one, other = folders[0], tmp_path / "other"
    with pytest.raises(ValueError, match="holds no finished search"):
        compare_searches([tmp_path], tmp_path / "out")
    with pytest.raises(ValueError, match=r"random with seed 0 in .* and in"):
        compare_searches([one, one], tmp_path / "out")
    with pytest.raises(ValueError, match="is one of the searches"):
        compare_searches(folders, one)
    with pytest.raises(ValueError, match="holds a run; compare in another folder"):
        compare_searches([one], folders[1])
    # Another table, and a search that was interrupted.
    rows = pathlib.Path(config.table.path).read_text().splitlines()
    table = dataclasses.replace(config.table, path=str(tmp_path / "rest.csv"))
    pathlib.Path(table.path).write_text("\n".join(rows[:-1]) + "\n")
    run_search(dataclasses.replace(config, seed=5, table=table), other)
    with pytest.raises(ValueError, match=r"must have the same table\.sha256"):
        compare_searches([one, other], tmp_path / "out")
    summary = json.loads((one / "summary.json").read_text()) | {"finished": False}
    (one / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(ValueError, match="it was interrupted"):
        compare_searches([one], tmp_path / "out")


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


class Planted:
    """Unpickling one makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


@pytest.mark.slow
def test_workers_load_nothing_that_lies_in_the_folder(config, tmp_path):
    """They unpickled `.worker.pickle`, and others may write to the folder."""
    workdir, loaded = tmp_path / "out", tmp_path / "loaded"
    workdir.mkdir()
    planted = workdir / ".worker.pickle"
    planted.write_bytes(pickle.dumps(Planted(loaded)))
    planted.chmod(0o444)
    before = planted.read_bytes()
    entries = BenchmarkConfig(("random:2",), num_workers=2)
    run(dataclasses.replace(config, benchmark=entries), workdir)
    assert planted.read_bytes() == before
    assert not loaded.exists()


@pytest.mark.slow
def test_a_table_that_changed_under_its_workers_is_refused(config, tmp_path):
    parallel = BenchmarkConfig(("random:2",), num_workers=2)
    changed = dataclasses.replace(config, benchmark=parallel)
    evaluator = build.evaluator(changed)
    with open(config.table.path, "a") as file:
        file.write("x,1,p,7,7\n")
    with RunDirectory(tmp_path / "out", {}) as folder:
        runs = benchmark.Benchmark(folder, evaluator, changed)
        with pytest.raises(ValueError, match="must have SHA-256"):
            list(runs.execute(runs.missing()))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize("victim", ["worker", "parent"])
def test_no_process_outlives_another_that_is_killed(config, tmp_path, victim):
    """A dead worker ends the benchmark in one line; workers end with their parent."""
    # Long tables do not fit into the pipe that a worker is started through.
    names = [f"{name}-{'x' * 5000}" for name in SLOTS["a"]]
    path = pathlib.Path(config.table.path)
    text = path.read_text()
    for old, new in zip(SLOTS["a"], names, strict=True):
        text = text.replace(f"\n{old},", f"\n{new},")
    path.write_text(text)
    arguments = [
        f"--config.table.path={path}",
        "--config=table",
        "--mode=benchmark",
        "--config.table.slots=a,b,c",
        "--config.table.objective=score",
        "--config.benchmark.num_workers=2",
        "--config.benchmark.strategies=reinforce:40:27",
        "--config.benchmark.stop_at_best=false",
        f"--workdir={tmp_path / 'out'}",
    ]
    parent = subprocess.Popen(
        [sys.executable, ROOT / "launch.py", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        children = pathlib.Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        if not children.exists():
            pytest.skip("needs /proc to find the workers")
        deadline = time.monotonic() + 120
        while len(workers := _workers(children)) < 2:
            assert time.monotonic() < deadline and parent.poll() is None
            time.sleep(0.05)
        if victim == "worker":
            os.kill(workers[0], signal.SIGKILL)
            _, err = parent.communicate(timeout=120)
            assert parent.returncode == 2, err
            assert "A worker process died" in err.splitlines()[-1], err
        else:
            parent.kill()
            parent.wait()
        while any(pathlib.Path(f"/proc/{pid}/stat").exists() for pid in workers):
            assert time.monotonic() < deadline + 60
            time.sleep(0.05)
    finally:
        parent.kill()


def _workers(children: pathlib.Path) -> list[int]:
    pids = map(int, children.read_text().split())
    commands = {pid: pathlib.Path(f"/proc/{pid}/cmdline").read_text() for pid in pids}
    return [pid for pid, command in commands.items() if "spawn_main" in command]


def test_strategies_that_halve_are_compared_at_equal_cost(config, tmp_path):
    """Early values are those of the full budget: the best of a bracket goes on."""
    path = pathlib.Path(config.table.path)
    head, *lines = path.read_text().splitlines()
    rows = [f"{line},{line.split(',')[3]}" for line in lines]
    path.write_text("\n".join([f"{head},early", *rows]) + "\n")
    table = dataclasses.replace(config.table, budgets="1:early,10:score")
    names = ("random", "successive_halving")
    config = dataclasses.replace(
        config, table=table, benchmark=BenchmarkConfig(names, 3, num_workers=1)
    )
    config = dataclasses.replace(config, num_trials=6)
    _, halving = run(config, tmp_path / "out")[0]
    runs = json.loads((tmp_path / "out" / "benchmark.json").read_text())["runs"]
    for found in runs:
        assert sum(found["costs"]) <= 6 + 1e-9
    # All 27 early for 2.7, and the best of them first.
    assert halving["reached"] == 3 and halving["queries_mean"] == pytest.approx(3.7)


def test_a_table_is_not_asked_twice(config, tmp_path):
    config = dataclasses.replace(config, deduplicate="none")
    with pytest.raises(ValueError, match="deduplicate=canonical or sequence, got"):
        run(config, tmp_path / "out")
