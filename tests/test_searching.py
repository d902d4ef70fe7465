"""`nao.search` as its users call it: what it writes, and whom it tells."""

import pathlib
import subprocess
import sys

import pytest

import nao
from tests.searching import CONFIG, SPACE, Counting, search


def test_a_search_leaves_its_page_and_figures(tmp_path):
    strategy = nao.strategies.RandomSearch(SPACE)
    search(tmp_path, 3, strategy=strategy, report=True)
    assert "custom, searched by random" in (tmp_path / "report.html").read_text()
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        f"{name}.{suffix}" for name in ("best", "progress") for suffix in ("png", "svg")
    }


class OwnSpace(nao.spaces.Space):
    """A class that no folder can name: a reader has to be given the space."""


def test_a_space_class_of_ones_own_has_its_page(tmp_path):
    space = OwnSpace("own", SPACE.slots)
    strategy = nao.strategies.NAO(space, CONFIG)
    search(tmp_path, 10, Counting(space=space), strategy, report=True)
    page = (tmp_path / "report.html").read_text()
    assert "Map of the embeddings" in page


def test_a_search_without_a_report_draws_nothing(tmp_path):
    search(tmp_path, 3, strategy=nao.strategies.RandomSearch(SPACE))
    assert not {"report.html", "figures"} & {path.name for path in tmp_path.iterdir()}


def test_each_trial_is_told_once_it_is_written(tmp_path):
    told = []

    def on_trial(trial):
        assert len(nao.report.read(tmp_path).trials) == trial.index + 1
        told.append(trial.index)

    search(tmp_path, 3, on_trial=on_trial)
    assert told == [0, 1, 2]
    search(tmp_path, 8, on_trial=on_trial)
    assert told == list(range(8))


def test_what_a_callback_raises_stops_the_search_and_keeps_the_trial(tmp_path):
    def refuse(trial):
        if trial.index == 7:
            raise ConnectionError("no tracker")

    with pytest.raises(ConnectionError, match="no tracker"):
        search(tmp_path / "stopped", on_trial=refuse)
    assert len(nao.report.read(tmp_path / "stopped").trials) == 8
    evaluator = Counting()
    again = search(tmp_path / "stopped", evaluator=evaluator)
    assert len(evaluator.calls) == 8
    whole = search(tmp_path / "whole")
    assert [t.value for t in again.trials] == [t.value for t in whole.trials]


def test_importing_nao_imports_nothing_that_draws_serves_or_is_of_one_data_set():
    """Drawings leave alone what has windows of its own."""
    code = (
        "import sys, nao.data; print({'matplotlib', 'fastapi', 'pandas', 'sklearn', "
        "'tensorflow_datasets', 'tensorflow', 'array_record', 'PIL'} & {*sys.modules})"
        "; nao.report.draw_progress; print('matplotlib' in sys.modules)"
        "; print('matplotlib.pyplot' in sys.modules)"
    )
    command, root = [sys.executable, "-c", code], pathlib.Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nTrue\nFalse\n"
