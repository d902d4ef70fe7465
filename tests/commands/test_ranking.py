"""Rankings by shared weights from a config: `--mode=benchmark`, `evaluator=shared`."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

import nao
from nao.child import ChildConfig, FinalConfig
from nao.commands import ranking
from nao.commands.search import run_search
from nao.config import BenchmarkConfig, Config
from nao.data.config import DataConfig
from nao.evaluators import SharedConfig, TableConfig
from nao.spaces import NASBench201, SpaceConfig
from nao.strategies import RandomConfig

CONFIG = Config(
    strategy="random",
    evaluator="shared",
    num_trials=3,
    num_devices=1,
    space=SpaceConfig(name="nasbench201"),
    data=DataConfig(name="digits", num_train=64),
    child=ChildConfig(channels=2, cells_per_stage=1, batch_size=32, epochs=1),
    train=FinalConfig(epochs=1),
    shared=SharedConfig(epochs=2, num_scored=64),
    random=RandomConfig(round_size=3),
    benchmark=BenchmarkConfig(num_seeds=2, num_ranked=4),
)
SPACE = NASBench201()


def _changed(**changes):
    return dataclasses.replace(CONFIG, **changes)


def _rank(config, workdir, stop_at=None):
    """Ranks, and stops once so many measurements are done."""

    def show(done, total):
        if done == stop_at:
            raise KeyboardInterrupt

    return ranking.run_ranking(config, workdir, show)


def _numbers(workdir):
    found = json.loads((workdir / "ranking.json").read_text())
    for run in found["runs"]:
        del run["seconds"]  # all else is the same in any process
    return found


@pytest.fixture
def table(tmp_path):
    """Twenty cells, each worth its number of 3x3 convolutions; in percent."""

    def write(num=20):
        tokens = SPACE.sample(np.random.default_rng(1), num)
        cells = {SPACE.format(row) for row in tokens}
        lines = [f"{cell},{10 * cell.count('3x3~')}" for cell in sorted(cells)]
        path = tmp_path / "cells.csv"
        path.write_text("\n".join(["cell,percent", *lines]) + "\n")
        return TableConfig(str(path), "cell", objective="percent", unit="%")

    return write


@pytest.mark.slow
def test_an_interrupted_ranking_ends_as_one_never_interrupted(tmp_path, monkeypatch):
    """Four trainings and two seeds: stopped after the second, the fifth, at last not"""
    whole = _rank(CONFIG, tmp_path / "whole")
    folder = tmp_path / "stopped"
    for stop_at in (2, 5):
        with pytest.raises(KeyboardInterrupt):
            _rank(CONFIG, folder, stop_at)
    kept = json.loads((folder / "trained.json").read_text())
    assert kept["values"] == [each.value for each in whole.true]
    assert [path.name for path in (folder / "scores").iterdir()] == ["seed-0.json"]
    _rank(CONFIG, folder)
    assert _numbers(folder) == _numbers(tmp_path / "whole")
    text = (folder / "ranking.md").read_text()
    assert "val accuracy on digits after 1 epoch of training alone. Scores: " in text
    assert (folder / "figures/ranking.svg").is_file()
    # The same architectures whatever the seeds, and one more seed adds to them.
    more = BenchmarkConfig(num_seeds=3, num_ranked=4)
    monkeypatch.delattr(nao.evaluators.TrainingEvaluator, "evaluate")
    found = _rank(_changed(benchmark=more), folder)
    assert found.architectures == whole.architectures
    assert [each.name for each in found.scores] == ["seed 0", "seed 1", "seed 2"]
    with pytest.raises(ValueError, match="num_ranked is 4 there and 5 here"):
        _rank(_changed(benchmark=BenchmarkConfig(num_ranked=5)), folder)


@pytest.mark.slow
def test_the_weights_of_a_search_are_ranked_by(tmp_path, table):
    """Against a table, which has some cells of the space; by what it learned last."""
    workdir, changed = tmp_path / "run", _changed(table=table())
    run_search(CONFIG, workdir)
    wide = _changed(table=table(), child=dataclasses.replace(CONFIG.child, channels=3))
    with pytest.raises(ValueError, match=r"others: child\.channels is 2 there"):
        _rank(wide, workdir)
    # What is wrong with a command leaves nothing behind that the right one minds.
    found = _rank(changed, workdir)
    assert [each.name for each in found.scores] == ["learned before any trial"]
    assert (workdir / "ranking/ranking.md").is_file()
    counts = [10 * text.count("3x3~") for text in found.architectures]
    assert [each.value for each in found.true] == counts
    # All rounds are by the weights that seeds of a ranking learn at first.
    seeds = _rank(changed, tmp_path / "seeds")
    assert found.architectures == seeds.architectures
    values = [[one.value for one in r.scores[0].evaluations] for r in (found, seeds)]
    assert values[0] == values[1]
    # What learned may be scored in another way.
    shutil.rmtree(workdir / "ranking")
    running = dataclasses.replace(CONFIG.shared, norms="running")
    (other,) = _rank(dataclasses.replace(changed, shared=running), workdir).scores
    assert [each.value for each in other.evaluations] != values[0]
    shutil.rmtree(workdir / "checkpoints")
    with pytest.raises(ValueError, match="keeps no shared weights"):
        _rank(changed, workdir)


def test_a_search_without_shared_weights_has_none_to_rank_by(tmp_path, table):
    config = _changed(evaluator="table", table=table())
    run_search(config, tmp_path / "run")
    with pytest.raises(ValueError, match=r"evaluator=shared to rank .*, got 'table'"):
        _rank(_changed(table=table()), tmp_path / "run")
    assert not (tmp_path / "run/ranking").exists()


def test_one_architecture_is_no_ranking(tmp_path, table):
    with pytest.raises(ValueError, match="A ranking needs 2 architectures, got 1"):
        _rank(_changed(table=table(num=1)), tmp_path / "out")
    with pytest.raises(ValueError, match="num_ranked must be at least 2, got 1"):
        BenchmarkConfig(num_ranked=1)


def test_a_table_of_another_space_is_refused(tmp_path, table):
    config = _changed(table=table(), space=SpaceConfig(name="conv_cell", num_nodes=1))
    with pytest.raises(ValueError, match=r"cells.csv, line 2: column 'cell'"):
        _rank(config, tmp_path / "out")


def test_trainings_that_all_fail_are_one_line(tmp_path, monkeypatch):
    """No shared weights are learned for what has no true value."""
    failed = nao.evaluators.Evaluation(None, reason="it diverged")
    monkeypatch.setattr(
        nao.evaluators.TrainingEvaluator,
        "evaluate",
        lambda self, tokens, keys: iter([failed] * len(tokens)),
    )
    with pytest.raises(ValueError, match="2 architectures, got 0 of 4: it diverged"):
        _rank(CONFIG, tmp_path / "out")
