import contextlib
import errno
import gzip
import html
import itertools
import json
import os
import pathlib
import platform
import random
import re
import shlex
import signal
import string
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

import launch
import nao
from nao import searching, spaces
from nao.commands import benchmark as benchmark_command
from nao.commands import report as report_command
from nao.config import BenchmarkConfig, Config
from nao.evaluators import TableConfig
from nao.runs import RunDirectory
from nao.spaces import SpaceConfig

ROOT = pathlib.Path(launch.__file__).parent
# A search small enough for a test: 6 cells at random, rounds of 4.
TINY = [
    "--config.nao.num_seed_archs=6",
    "--config.nao.round_size=4",
    "--config.nao.top_k=3",
    "--config.nao.num_random_starts=3",
    "--config.nao.num_random_candidates=20",
    "--config.nao.step_sizes=0,1",
    "--config.nao.num_variants=2",
    "--config.nao.controller.embedding_size=8",
    "--config.nao.controller.hidden_size=8",
    "--config.nao.controller.predictor_sizes=8",
    "--config.nao.controller.num_epochs=2",
    "--config.nao.controller.min_steps=0",
    "--config.nao.controller.batch_size=16",
    "--config.nao.controller.num_unlabelled=4",
]
MIXED = ["--config.evaluator=mixture", "--config.deduplicate=none"]
SLOTS = {"a": "xyz", "b": "123", "c": "pqr"}
SPACE = spaces.custom({name: tuple(choices) for name, choices in SLOTS.items()})
# Of a table, whose columns of numbers are numbers.
TYPED = spaces.custom({"a": tuple("xyz"), "b": (1, 2, 3), "c": tuple("pqr")})


@pytest.fixture
def run(capsys):
    """Runs launch.py in this process; returns exit code, output and error output."""

    def call(*arguments):
        code = 0
        with flagsaver.flagsaver():
            flags.FLAGS.unparse_flags()
            try:
                launch.main(launch._parse(["launch.py", *map(str, arguments)]))
            except SystemExit as exit:
                code = exit.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    handler = signal.getsignal(signal.SIGTERM)
    yield call
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def table(tmp_path):
    """A table of 27 designs, whose score is the sum of their choices' positions."""
    lines = ["a,b,c,score,test"]
    for row in itertools.product(*SLOTS.values()):
        total = sum(
            choices.index(c) for c, choices in zip(row, SLOTS.values(), strict=True)
        )
        lines.append(",".join([*row, str(total), str(total / 2)]))
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def table_flags(path):
    return [
        "--config=table",
        f"--config.table.path={path}",
        "--config.table.slots=a,b,c",
        "--config.table.objective=score",
        "--config.table.test=test",
    ]


def test_a_table_search_end_to_end(run, table, tmp_path):
    """27 designs and a budget of 40: all are looked up, then it ends and says so."""
    arguments = [*table_flags(table), *TINY, f"--workdir={tmp_path / 'run'}"]
    code, out, err = run(*arguments, "--config.num_trials=40")
    assert code == 0, err
    assert "no more architectures than 27" in out
    assert out.startswith(f"Run: {tmp_path / 'run'}\nTo continue it: python ")
    assert f"To look at it all: {tmp_path / 'run/report.html'}\n" in out
    assert out.endswith(f" --mode=serve --workdir={tmp_path / 'run'}\n")
    # A round has 4 of them, and a line; the last round what is left.
    lines = err.splitlines()
    assert [line.partition(",")[0] for line in lines[:2]] == [
        "Round 0: 6 of 40 trials",
        "Round 1: 10 of 40 trials",
    ]
    assert len(lines) == 7 and all("best " in line for line in lines)
    assert set(err) <= set(string.printable) - set("\r\x0b\x0c")
    assert "score 6" in out and "test 3" in out
    assert "a=z b=3 c=r" in out
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert (summary["num_trials"], summary["num_distinct"]) == (27, 27)
    for name in ("best.svg", "best.png", "progress.svg", "progress.png"):
        assert (tmp_path / "run/figures" / name).stat().st_size > 1000
    assert "score, trial" in (tmp_path / "run/report.html").read_text()
    code, out, err = run(*arguments, "--config.num_trials=40")
    assert code == 0, err
    assert "This run is finished" in out


def test_the_page_and_the_config_of_a_run_make_it_again(run, table, tmp_path):
    """The page gives the command that repeats the run, from its config.json."""
    first, again = tmp_path / "run", tmp_path / "run-again"
    flags = [*table_flags(table), "--config.strategy=random", "--config.num_trials=9"]
    assert run(*flags, f"--workdir={first}")[0] == 0
    for name in ("report.html", "summary.json"):
        (first / name).unlink()
    code, out, err = run("--mode=report", f"--workdir={first}")
    assert code == 0, err
    assert out == f"Written to {first / 'report.html'}\n"
    text = html.unescape((first / "report.html").read_text())
    assert "There is no summary.json" in text
    assert "random search would have found" in text
    command = re.search(r"python launch.py \\\n( +--config=[^<]*-again)<", text)[1]
    code, out, err = run(*shlex.split(command.replace("\\\n", "")))
    assert code == 0, err
    logs = [(path / "metrics.jsonl").read_text() for path in (first, again)]
    assert logs[0] == logs[1]
    table.unlink()
    code, out, err = run("--mode=report", f"--workdir={first}")
    assert code == 0, err
    assert "random search would" not in (first / "report.html").read_text()


def test_a_page_needs_a_run(run, tmp_path):
    code, _, err = run("--mode=report")
    assert code == 2 and err == (
        "launch.py: --mode=report needs --workdir of a search.\n"
    )
    code, _, err = run("--mode=report", f"--workdir={tmp_path}")
    assert code == 2
    assert err == f"launch.py: {tmp_path} does not hold a run (no config.json).\n"


@pytest.mark.slow
def test_a_gzipped_table_in_the_benchmarks_notation(run, tmp_path):
    cells = spaces.NASBench201()
    lines = ["arch_str,val200,test200"]
    lines += [
        f"{cells.format(row)},{cells.to_indices(row).sum()},1"
        for row in next(cells.enumerate())[:60]
    ]
    path = tmp_path / "cells.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    code, out, err = run(
        "--config=nasbench201",
        *TINY,
        "--config.num_trials=12",
        f"--config.table.path={path}",
        f"--workdir={tmp_path / 'run'}",
    )
    assert code == 0, err
    assert "12 trials, 0 failed" in out


@pytest.mark.slow
def test_a_table_of_topology_cells(run, tmp_path):
    """Searched, continued, asked and exported as cells, not as slots."""
    cells = spaces.TopologyCell(("n", "s", "c"), 3, none="n", skip="s")
    lines = ["a,b,c,score"]
    lines += [
        f"{','.join(cells.choices(row))},{cells.to_indices(row).sum()}"
        for row in next(cells.enumerate())
    ]
    path, folder = tmp_path / "cells.csv", tmp_path / "run"
    path.write_text("\n".join(lines))
    command = [
        "--config=table",
        *TINY,
        f"--config.table.path={path}",
        "--config.table.slots=a,b,c",
        "--config.table.objective=score",
        "--config.space.name=topology_cell",
        "--config.space.operations=none:n,skip:s,c",
        f"--workdir={folder}",
    ]
    for num in (8, 12):
        code, out, err = run(*command, f"--config.num_trials={num}")
        assert code == 0 and f"{num} trials, 0 failed" in out, err
    embedding = nao.Embedding.from_workdir(folder)
    assert embedding.space == cells
    assert embedding.predict("|c~0|+|s~0|n~1|").mean.shape == (1,)
    code, out, err = run("--mode=export", f"--workdir={folder}")
    assert code == 0, err
    text = (folder / "export" / "architecture.txt").read_text()
    assert cells.format(cells.parse(text)) == text.strip()
    code, out, err = run("--mode=report", f"--workdir={folder}")
    assert code == 0, err
    # A graph, whose nodes have names, where slots would be a table.
    assert "<!-- input -->" in (folder / "figures" / "best.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=nowhere"], "No config file 'nowhere'; a path, or one of: cifar10"),
        (["--config=nowhere.py"], "No config file 'nowhere.py'"),
        (["--config.sede=3"], "'config.sede'; did you mean --config.seed?\n"),
        (
            ["--hosts=a:1,2,0"],
            "--hosts needs --mode=train and a --workdir that all sha",
        ),
        (["--mode=train", "--hosts=a:1,2,0"], "hosts needs --mode=train and a --work"),
        (
            ["--config.seed=many"],
            "flag --config.seed=many: must be a whole number, got 'many'\n",
        ),
        (
            ["--config.child.epochs=2.5"],
            "flag --config.child.epochs=2.5: must be a whole number, got '2.5'\n",
        ),
        (
            ["--config.child.momentum=x"],
            "flag --config.child.momentum=x: must be a number, got 'x'\n",
        ),
        (
            ["--config.nao.step_sizes=1,x"],
            "flag --config.nao.step_sizes: must be a number, got 'x'\n",
        ),
        (
            ["--config.child.flip=maybe"],
            "flag --config.child.flip=maybe: must be true or false, got 'maybe'\n",
        ),
        (["--port=99999"], "flag --port=99999: must be 0 to 65535, got 99999\n"),
        (
            ["--mode=dream"],
            "flag --mode=dream: value should be one of <search|train|export|benc",
        ),
        (["extra"], "Unexpected arguments: extra"),
        (["--config.space.name=flat"], "Unknown space.name 'flat'; known: conv_cell"),
        (["--config.space.operations=all"], "Unknown operation set 'all'; known: "),
        (["--config.space.num_nodes=0"], "num_nodes must be at least 1, got 0"),
        (
            [
                "--config.space.name=topology_cell",
                "--config.space.operations=none:n,skip:s,c",
            ],
            "topology_cell needs space.num_edges, unless evaluator=table",
        ),
        (
            ["--mode=train", "--config.space.name=table", "--architecture=1"],
            "needs a space with a network, such as --config.space.name=conv_cell",
        ),
        (
            ["--config.strategy=luck"],
            "Unknown strategy 'luck'; known: nao, random, local_search",
        ),
        (["--config.evaluator=oracle"], "Unknown evaluator 'oracle'; known: training"),
        (["--config.data.name=letters"], "'letters'; known: digits, cluttered_digits"),
        (["--config.data.path=x"], "data.name=cluttered_digits has no data.path"),
        (["--config.data.name=folder"], "needs data.path, a folder of class folders"),
        (["--config.data.name=npz", "--config.data.path=x.npz"], "x.npz can't be read"),
        (["--config.data.image_size=8"], "data.image_size is for folder alone, got 8"),
        (["--config.data.tokens=characters"], "text_file, python_topics alone, got '"),
        (["--config.data.name=text_file"], "text_file needs data.path, a file of"),
        (
            ["--config.data.name=python_topics"],
            "read images [num, height, width, channels], got inputs [num, 35] of pyth",
        ),
        (
            ["--config.data.name=python_topics", "--config.child.window=1000000"],
            "window must be 1 to ",
        ),
        (["--config.data.num_train=2000"], "must be at most the 1024 images that"),
        (
            ["--config.data.num_train=-1"],
            "data.num_train must be a whole number, not negative, got -1",
        ),
        (["--config.data.validation_share=0.5"], "above 0 and below 0.5, got 0.5"),
        (
            ["--mode=prepare", "--config.data.archive=x"],
            "Only cifar10, cifar100, svhn, fashion_mnist, mnist can be prepared",
        ),
        (
            ["--mode=prepare", "--config.data.name=mnist", "--config.data.archive=x"],
            "data.archive must be train-images-idx3-ubyte.gz or a folder that holds",
        ),
        (["--config.num_trials=0"], "num_trials must be at least 1, got 0"),
        (["--config.num_trials=-5"], "num_trials must be at least 1, got -5"),
        (
            ["--config.deduplicate=no"],
            "must be one of canonical, sequence, none, got 'no'",
        ),
        (["--config.child.epochs=0"], "epochs must be a positive integer, got 0"),
        (
            ["--config.strategy=darts", "--config.deduplicate=none"],
            "strategy=darts asks for what evaluator=mixture derives, so it needs",
        ),
        (
            ["--config.strategy=gdas", *MIXED],
            "evaluator=mixture needs strategy=darts with mixture.relaxation=softmax, "
            "or gdas with gumbel; got strategy=gdas",
        ),
        (
            ["--config.strategy=darts", "--config.evaluator=mixture"],
            "so it needs deduplicate=none, got 'canonical'",
        ),
        ([*MIXED, "--config=text"], "A mixture is of the spaces conv_cell and"),
        (
            [*MIXED, "--config.child.drop_path=0.1"],
            "evaluator=mixture needs child.drop_path=0",
        ),
        (["--config.nao.round_size=0"], "nao.round_size must be at least 1, got 0"),
        (
            ["--config=table", "--config.table.path="],
            "A table needs table.path and table.objective",
        ),
        (["--config=nasbench201", "--config.table.path=no.csv"], "can't be read"),
        (["--config=custom", "--config.function.name=math:tau"], "is not callable"),
        (["--config.space.name=custom"], "at least one slot"),
        (
            ["--config=custom", "--config.space.valid=:tau"],
            "space.valid must be 'module:function', got ':tau'",
        ),
        (["--config.storage=x://y"], "Ledger x://y can't be opened"),
        (["--mode=train"], "mode=train needs --workdir"),
        (["--mode=train", "--architecture=1 2 3"], "40 numbers, got '1 2 3'"),
        (
            ["--mode=train", "--architecture=nas.json"],
            "There is no file 'nas.json', it",
        ),
        (
            ["--mode=train", "--config=table", "--architecture=1"],
            "needs --config.evaluator=",
        ),
        (["--workdir=/proc/nowhere"], "can't be written"),
        (["--workdir=~no-such-user/x"], "can't be found: there is no such user"),
        (["--config=~no-such-user/x.py"], "can't be found: there is no such user"),
        (
            ["--config=table", "--config.table.path=~no-such-user/x.csv"],
            "can't be found: there is no such user",
        ),
    ],
)
def test_a_mistake_is_one_line(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")  # nor how to continue what has not begun
    assert err.count("\n") == 1 and err.startswith("launch.py: ")
    assert message in err
    assert not list(tmp_path.rglob("summary.json"))


def test_a_mistake_in_a_config_file_is_one_line(run, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import nao\n\ndef get_config():\n    return nao.Config(sede=1)\n")
    code, _, err = run(f"--config={path}")
    assert code == 2
    assert "unexpected keyword argument 'sede'" in err
    path.write_text("def get_config():\n    return {}\n")
    assert "must return a nao.Config" in run(f"--config={path}")[2]


def test_a_config_file_brings_its_own_function(run, tmp_path):
    path = tmp_path / "mine.py"
    text = (ROOT / "experiments/configs/custom.py").read_text()
    own = "return float(np.mean((val_features @ readout).argmax(1) == val_labels))"
    assert own in text
    text = text.replace('name="custom",', 'name="custom", valid=":is_small",')
    text += "\n\ndef is_small(choices):\n    return choices['scale_1'] == 0.3\n"
    path.write_text(text.replace(own, "return 7.0"))
    code, out, err = run(
        f"--config={path}",
        "--config.strategy=random",
        "--config.num_trials=1",
        f"--workdir={tmp_path / 'run'}",
    )
    assert code == 0, err
    assert "Best: accuracy 7 in trial 0" in out
    best = json.loads((tmp_path / "run" / "best.json").read_text())["slots"]
    assert best["scale_1"] == 0.3 and isinstance(best["ridge"], float)


RULED = """
import nao

def score(choices):
    return float(choices["a"] + choices["b"])

def differ(choices):
    return choices["a"] != choices["b"]

def get_config():
    return nao.Config(
        evaluator="function",
        strategy="random",
        num_trials=2,
        function=nao.evaluators.FunctionConfig(name=":score"),
        space=nao.spaces.SpaceConfig(
            "custom", slots={"a": (1, 2, 3), "b": (1, 2, 3)}, valid=":differ"
        ),
    )
"""


def test_the_rule_of_a_config_file_is_found_by_its_name(run, tmp_path):
    """Modes on the run's folder ended in a line about arguments of Python."""
    file, workdir = tmp_path / "ruled.py", f"--workdir={tmp_path / 'run'}"
    file.write_text(RULED)
    code, out, err = run(f"--config={file}", workdir)
    assert code == 0, err
    assert f"--mode=export --config={file} {workdir}" in out
    sys.modules.pop("config_ruled")  # as in a process of its own
    for mode in ("export", "serve"):
        code, _, err = run(f"--mode={mode}", workdir)
        assert code == 2 and "config_ruled:differ" in err
        assert err.endswith("name the file with --config.\n")
    assert run("--mode=export", f"--config={file}", workdir)[0] == 0
    # The space is found; a random search has no embedding.
    code, _, err = run("--mode=serve", f"--config={file}", workdir)
    assert "has no controller" in err


def test_a_changed_table_is_another_run(run, table, tmp_path):
    arguments = [*table_flags(table), f"--workdir={tmp_path / 'run'}"]
    arguments += ["--config.strategy=random", "--config.num_trials=3"]
    assert run(*arguments)[0] == 0
    table.write_text(table.read_text() + "\n")
    code, _, err = run(*arguments)
    assert code == 2
    assert "table.sha256 is" in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a shell and /dev/full")
@pytest.mark.parametrize("end", ["2>&-", ">&- 2>&- <&-", "> /dev/full", "| true"])
def test_output_that_nobody_reads_stops_no_search(table, tmp_path, end):
    """Started by a daemon or a `nohup`, it ended before its first trial."""
    words = ["-m", "launch", *table_flags(table), f"--workdir={tmp_path / 'run'}"]
    words += ["--config.strategy=random", "--config.num_trials=3"]
    command = f"set -o pipefail; {shlex.join([sys.executable, *words])} {end}"
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment)
    assert done.returncode == 0
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_moved_table_is_the_same_table(run, table, tmp_path, monkeypatch):
    """By another path, and by the same one from another folder."""
    flags = [f"--workdir={tmp_path / 'run'}", "--config.strategy=random"]
    assert run(*table_flags(table), *flags, "--config.num_trials=3")[0] == 0
    moved = tmp_path / "elsewhere" / "table.csv"
    moved.parent.mkdir()
    table.rename(moved)
    code, _, err = run(*table_flags(moved), *flags, "--config.num_trials=5")
    assert code == 0, err
    monkeypatch.chdir(moved.parent)
    code, _, err = run(*table_flags("table.csv"), *flags, "--config.num_trials=7")
    assert code == 0, err
    other = moved.with_name("other.csv")
    other.write_text(moved.read_text().replace("r,6,", "r,7,"))
    code, _, err = run(*table_flags(other), *flags, "--config.num_trials=9")
    assert code == 2 and "table.sha256 is" in err
    assert not err.count("table.path")
    # Named relative to a folder, it is found from any: also by the run's own config.
    config = tmp_path / "run" / "config.json"
    assert json.loads(config.read_text())["table"]["path"] == str(moved)


def test_a_run_begun_before_a_field_existed_goes_on(run, table, tmp_path):
    workdir = tmp_path / "run"
    arguments = [*table_flags(table), f"--workdir={workdir}", "--config.strategy=nao"]
    assert run(*arguments, *TINY, "--config.num_trials=6")[0] == 0
    config = json.loads((workdir / "config.json").read_text())
    assert config["table"]["sha256"] == ""  # what the user asked for, not what it was
    del config["nao"]["distinct_functions"], config["child"], config["train"]
    (workdir / "config.json").write_text(json.dumps(config))
    code, out, err = run(*arguments, *TINY, "--config.num_trials=8")
    assert code == 0, err
    assert "8 trials, 0 failed" in out
    changed = "--config.nao.distinct_functions=false"
    code, _, err = run(*arguments, *TINY, "--config.num_trials=8", changed)
    assert code == 2 and "nao.distinct_functions is True there and False here" in err


def test_another_config_in_the_workdir_is_refused(run, table, tmp_path):
    arguments = [*table_flags(table), f"--workdir={tmp_path / 'run'}"]
    arguments += ["--config.strategy=random", "--config.num_trials=3"]
    assert run(*arguments)[0] == 0
    before = (tmp_path / "run/summary.json").read_bytes()
    code, _, err = run(*arguments, "--config.seed=4")
    assert code == 2
    assert "seed is 0 there and 4 here" in err
    assert (tmp_path / "run/summary.json").read_bytes() == before


def test_a_benchmark_end_to_end(run, table, tmp_path):
    workdir = tmp_path / "out"
    arguments = [
        *table_flags(table),
        *TINY,
        "--mode=benchmark",
        "--config.num_trials=12",
        "--config.benchmark.strategies=nao:1,random:2",
        "--config.benchmark.num_workers=1",
        f"--workdir={workdir}",
    ]
    code, out, err = run(*arguments)
    assert code == 0, err
    assert "| nao | 1 |" in out and "| random | 2 |" in out
    assert (workdir / "figures" / "queries.svg").is_file()
    code, _, err = run(*arguments[:-1])
    assert code == 2
    assert err == (
        "launch.py: --mode=benchmark needs --workdir, for its tables and figures.\n"
    )
    compared = f"--workdir={tmp_path / 'compared'}"
    code, _, err = run("--mode=benchmark", f"--runs={tmp_path}", compared)
    assert code == 2 and "holds no finished search" in err


@pytest.mark.slow
def test_a_ranking_by_shared_weights_end_to_end(run, tmp_path):
    """Three cells scored and trained; the second time nothing is done again."""
    workdir = tmp_path / "out"
    arguments = [
        "--mode=benchmark",
        "--config=digits",
        "--config.evaluator=shared",
        "--config.strategy=random_ws",
        "--config.space.name=nasbench201",
        "--config.data.num_train=64",
        "--config.child.channels=2",
        "--config.child.cells_per_stage=1",
        "--config.child.batch_size=32",
        "--config.child.epochs=1",
        "--config.shared.epochs=1",
        "--config.benchmark.num_ranked=3",
        "--config.benchmark.num_seeds=1",
        "--config.num_devices=1",
        f"--workdir={workdir}",
    ]
    code, out, err = run(*arguments)
    assert code == 0, err
    assert "Ranking: 4 of 4 parts" in err
    assert out.startswith("3 architectures of nasbench201, drawn at random; true val")
    assert out.endswith(f"Written to {workdir}, with figures/\n")
    assert out.startswith((workdir / "ranking.md").read_text())
    code, again, err = run(*arguments)
    assert (code, again) == (0, out), err
    code, _, err = run(*arguments, "--config.benchmark.num_ranked=4")
    assert code == 2 and "benchmark.num_ranked is 3 there and 4 here" in err


def test_the_best_of_a_search_is_exported(run, table, tmp_path):
    """A table's slots have a notation, and are no cells that DARTS could write."""
    workdir = f"--workdir={tmp_path / 'run'}"
    code, _, err = run("--mode=export", workdir)
    assert code == 2 and "Nothing to export in" in err
    chosen = [*table_flags(table), "--config.strategy=random", workdir]
    assert run(*chosen, "--config.num_trials=27")[0] == 0
    code, out, err = run("--mode=export", workdir)
    assert code == 0, err
    assert "architecture.txt: a=z b=3 c=r\n" in out
    folder = tmp_path / "run/export"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["architecture.json", "architecture.txt"]
    tokens = TYPED.from_choices({"a": "z", "b": 3, "c": "r"})
    exported = json.loads((folder / "architecture.json").read_text())
    assert exported["slots"] == TYPED.to_json(tokens)["slots"]


def test_no_flags_at_all_are_the_default_search():
    with flagsaver.flagsaver():
        flags.FLAGS.unparse_flags()
        assert launch._parse(["launch.py"]) == ["launch.py"]


def test_help_is_asked_for_in_several_ways(run):
    """Unlike absl's, which exits with 1 and lists its own flags as well."""
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert "search     find the best architecture" in out
    for flag in launch._OWN:
        assert f"--{flag.name}=" in out
    assert "--logtostderr" not in out and "--pdb" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert run("--config=table", "-h") == (code, out, err)
    part = run("--help=nao")
    assert part[0] == 0 and "--config.nao.round_size=5\n" in part[1]
    assert run("--help", "nao") == part
    code, out, err = run("--help=nap")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert "--help=nap: no such part; known: general, data, child" in err


def test_the_help_of_flags_is_whole(run):
    out = "".join(run("--help")[1].split())
    for flag in launch._OWN:
        assert "".join(flags.FLAGS[flag.name].help.split()) in out, flag.name


def test_a_warning_is_logged_once():
    """Importing Orbax gives the log a handler; with absl's, each line came twice."""
    text = (
        "import launch; from absl import app, logging; "
        "app.run(lambda _: (launch._log_once(), logging.warning('odd')), argv=['x'])"
    )
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.count("odd") == 1


def test_versions_are_those_of_what_runs(run):
    code, out, err = run("--version")
    assert (code, err) == (0, "")
    found = dict(line.split() for line in out.splitlines())
    assert list(found) == ["nao", "jax", "flax", "optax", "python"]
    assert found["jax"] == jax.__version__
    assert found["python"] == platform.python_version()
    assert found["nao"] == nao.__version__


def test_help_can_be_piped_into_head():
    command = f"{sys.executable} {ROOT / 'launch.py'} --help=all | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_trouble_with_a_file_names_it(run, monkeypatch):
    """It was Python's own `[Errno 13] Permission denied: 'x'`."""

    def refuse():
        raise PermissionError(errno.EACCES, "Permission denied", "export/x.json")

    monkeypatch.setattr(launch, "_request", refuse)
    code, _, err = run("--mode=export")
    assert code == 2
    assert err == "launch.py: export/x.json can't be used: Permission denied.\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs Linux")
@pytest.mark.parametrize("library", ["libjax_common", "sqlalchemy"])
def test_ctrl_c_while_libraries_are_imported_is_one_line(library):
    process = subprocess.Popen(
        [sys.executable, ROOT / "launch.py", "--config=nowhere"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    maps = pathlib.Path(f"/proc/{process.pid}/maps")
    while library not in maps.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "\nInterrupted.\n")
    assert process.returncode == 130


def swallowed(function=lambda *_: None):
    """Returns a function in which Ctrl-C gets lost, as in a callback from C."""

    def call(*arguments):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        return function(*arguments)

    return call


def test_a_signal_that_gets_lost_in_a_figure_ends_the_run(
    run, table, tmp_path, monkeypatch
):
    monkeypatch.setattr(searching, "write_report", swallowed())
    workdir = tmp_path / "run"
    chosen = [*table_flags(table), "--config.strategy=random", f"--workdir={workdir}"]
    code, _, err = run(*chosen, "--config.num_trials=3")
    assert code == 130
    assert "\n\nInterrupted. To continue from here: python " in err
    assert not (workdir / "report.html").exists()
    # All else is there.
    assert json.loads((workdir / "summary.json").read_text())["finished"]
    monkeypatch.undo()
    assert run(*chosen, "--config.num_trials=3")[0] == 0
    write = swallowed(report_command.write_report)
    monkeypatch.setattr(report_command, "write_report", write)
    code, _, err = run("--mode=report", f"--workdir={workdir}")
    assert (code, err) == (130, "\nInterrupted.\n")


def test_a_signal_that_gets_lost_in_a_benchmark_ends_it(table, tmp_path):
    config = Config(
        num_trials=5,
        evaluator="table",
        space=SpaceConfig(name="table"),
        table=TableConfig(path=str(table), slots="a,b,c", objective="score"),
        benchmark=BenchmarkConfig(strategies=("random:3",), num_workers=1),
    )
    counted = []
    show = swallowed(lambda done, total: counted.append(done))
    with pytest.raises(KeyboardInterrupt):
        benchmark_command.run_benchmark(
            config,
            tmp_path / "out",
            lambda done, total: show(done, total) if done else None,
        )
    assert counted == [1]
    assert len(list((tmp_path / "out/runs").iterdir())) == 1


FULL = OSError(errno.ENOSPC, "No space left on device", "metrics.jsonl")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FULL, "The run can't go on: No space left on device (metrics.jsonl). To con"),
        (OSError("one\ntwo"), "The run can't go on: one. To continue it once that is"),
        (OSError(), "The run can't go on: OSError. To continue it once that is mended"),
        (ValueError("Ledger is full\ntwo"), "Ledger is full"),
        (ValueError(), "ValueError"),
        (MemoryError("Unable to allocate"), "Unable to allocate"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_what_ends_a_search_is_one_line(
    run, table, tmp_path, monkeypatch, error, message
):
    def fail(*_):
        raise error

    monkeypatch.setattr(RunDirectory, "log", fail)
    workdir = tmp_path / "run"
    chosen = [*table_flags(table), "--config.strategy=random", f"--workdir={workdir}"]
    monkeypatch.setattr(sys, "argv", ["launch.py", *chosen])
    code, _, err = run(*chosen, "--config.num_trials=3")
    assert code == 2
    assert err.startswith(f"launch.py: {message}") and err.count("\n") == 1
    if isinstance(error, OSError):
        assert err.endswith(f": python launch.py {shlex.join(chosen)}\n")
    monkeypatch.undo()
    code, out, err = run(*chosen, "--config.num_trials=3")
    assert code == 0, err
    assert "3 trials, 0 failed" in out


TINY_DIGITS = [
    "--config=digits",
    "--config.space.num_nodes=1",
    "--config.child.channels=2",
    "--config.child.epochs=1",
    "--config.train.epochs=1",
]


@pytest.mark.slow
def test_a_mixture_of_digits_end_to_end(run, tmp_path):
    """An architecture an epoch; the best is trained, tested and drawn."""
    arguments = [
        *TINY_DIGITS,
        *MIXED,
        "--config.strategy=darts",
        "--config.mixture.epochs=2",
        "--config.num_trials=2",
        f"--workdir={tmp_path}",
    ]
    code, out, err = run(*arguments)
    assert code == 0, err
    assert "2 trials, 0 failed" in out and "test_accuracy" in out
    page = (tmp_path / "report.html").read_text()
    assert "Weights of the mixture" in page and "are skips in the last" in page
    assert "at random" not in page
    lines = [json.loads(x) for x in (tmp_path / "metrics.jsonl").open()]
    assert {"cell_accuracy", "num_skips", "weight_normal_identity"} <= lines[0].keys()


def test_unprepared_data_name_the_command_at_once(run, tmp_path, monkeypatch):
    """Without a library of data sets, let alone the network."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    monkeypatch.setattr("socket.socket.connect", None)
    for mode in ("search", "train"):
        code, _, err = run(
            f"--mode={mode}",
            "--config.data.name=cifar10",
            f"--architecture={' '.join(['0'] * 40)}",
            f"--workdir={tmp_path / 'run'}",
        )
        assert code == 2
        assert err == (
            f"launch.py: cifar10 is not prepared in {tmp_path}; to do so: "
            "python launch.py --mode=prepare --config.data.name=cifar10\n"
        )


def test_preparing_offline_is_one_line(run, tmp_path, monkeypatch):
    def connect(*_):
        raise OSError("no network")

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("socket.create_connection", connect)
    code, _, err = run("--mode=prepare", "--config.data.name=svhn")
    assert code == 2
    assert err.count("\n") == 1
    assert "train_32x32.mat can't be downloaded (no network); a copy of it" in err


@pytest.fixture
def image_folder(tmp_path):
    """Two classes of 40 images of 8x8: bright above, or below."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(("above", "below")):
        (tmp_path / "images" / name).mkdir(parents=True)
        for index in range(40):
            pixels = rng.integers(0, 100, (8, 8, 3), dtype=np.uint8)
            pixels[4 * label : 4 * label + 4] += 150
            path = tmp_path / "images" / name / f"{index}.png"
            Image.fromarray(pixels).save(path)
    return tmp_path / "images"


def test_preparing_a_folder_of_images_decodes_them(
    run, image_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("NAO_CACHE_DIR", str(tmp_path / "cache"))
    chosen = ["--config.data.name=folder", f"--config.data.path={image_folder}"]
    code, out, err = run("--mode=prepare", *chosen)
    assert code == 0, err
    assert out == (
        "folder is ready: 64 train, 8 validation, 8 test images of 8x8x3, 2 classes.\n"
    )
    assert len(list((tmp_path / "cache/data").iterdir())) == 1
    (image_folder / "above" / "7.png").write_bytes(b"")
    code, _, err = run(*chosen, f"--workdir={tmp_path / 'run'}")
    assert code == 2
    assert "above/7.png can't be read" in err and err.count("\n") == 1


def test_preparing_a_text_tells_its_sizes(run, tmp_path):
    (tmp_path / "own.txt").write_text("to be or not to be\n" * 20)
    chosen = ["--config.data.name=text_file", f"--config.data.path={tmp_path}/own.txt"]
    code, out, err = run("--mode=prepare", *chosen)
    assert code == 0, err
    assert out == (
        "text_file is ready: 126 train, 7 validation, 7 test words, 5 different.\n"
    )


@pytest.mark.slow
def test_a_search_on_a_folder_of_images(run, image_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NAO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(image_folder.parent)
    arguments = [
        *TINY_DIGITS,
        "--config.strategy=random",
        "--config.num_trials=2",
        "--config.child.batch_size=16",
        "--config.data.name=folder",
        "--config.data.path=images",
        "--config.data.num_validation=5",
        f"--workdir={tmp_path / 'run'}",
    ]
    code, out, err = run(*arguments)
    assert code == 0, err
    assert "2 trials, 0 failed" in out and "test_accuracy" in out
    (image_folder / "below" / "7.png").unlink()
    code, _, err = run(*arguments)
    assert code == 2
    assert "data.sha256 is" in err


@pytest.mark.slow
@pytest.mark.parametrize(("experiment", "kills"), [("table", 5), ("digits", 2)])
def test_killed_runs_continue_to_the_same_trials(table, tmp_path, experiment, kills):
    """SIGKILL at random moments; the ledger ends as that of a quiet run."""
    chosen = TINY_DIGITS if experiment == "digits" else table_flags(table)
    arguments = [sys.executable, ROOT / "launch.py", *chosen, *TINY]
    arguments += ["--config.num_trials=16"]
    environment = os.environ | {"NAO_CACHE_DIR": str(tmp_path / "cache")}
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    def trials(workdir):
        path = workdir / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.endswith("}")]

    def listing(workdir):
        keys = ("trial", "round", "objective", "predicted")
        return [[json.loads(line)[key] for key in keys] for line in trials(workdir)]

    subprocess.run([*arguments, f"--workdir={whole}"], check=True, env=environment)
    moments = random.Random(0)
    for num_trials in sorted(moments.sample(range(15), kills)):
        process = subprocess.Popen([*arguments, f"--workdir={killed}"], env=environment)
        while len(trials(killed)) < num_trials and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.3))
        assert process.poll() is None
        process.kill()
        process.wait()
    subprocess.run([*arguments, f"--workdir={killed}"], check=True, env=environment)
    assert listing(killed) == listing(whole)


@pytest.mark.slow
def test_an_interruption_is_told_how_to_go_on(tmp_path):
    process = subprocess.Popen(
        [sys.executable, ROOT / "launch.py", "--config=custom"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(tmp_path.rglob("best.json")) and process.poll() is None:
        time.sleep(0.2)
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "To continue from here: python" in err
    assert "--workdir=" in out
    (summary,) = tmp_path.rglob("summary.json")
    assert not json.loads(summary.read_text())["finished"]
