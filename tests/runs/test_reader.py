"""A run's folder, read in whatever state it is."""

import json

import pytest

import nao
from nao import runs, spaces
from nao.evaluators import FunctionEvaluator, Objective
from nao.runs import reader

SPACE = spaces.custom({"a": (1, 2, 3), "b": (1, 2)})
LOSS = Objective("loss", maximize=False)


@pytest.fixture
def folder(tmp_path):
    def loss(choices):
        return int(choices["a"]) * int(choices["b"])

    nao.search(
        nao.strategies.RandomSearch(SPACE),
        FunctionEvaluator(SPACE, loss, LOSS),
        num_trials=4,
        workdir=tmp_path / "run",
        progress=False,
    )
    return tmp_path / "run"


def test_a_finished_run(folder):
    found = runs.read(folder)
    assert (found.status, found.space, found.objective) == ("finished", SPACE, LOSS)
    assert found.record.strategy == found.summary["strategy"] == "random"
    assert found.record.controller_use is None and found.last_round() is not None
    assert found.best.value == min(trial.value for trial in found.trials)
    assert len(found.at_random) == 4 and not found.failed and not found.notes
    assert found.began_in_python


def test_reading_leaves_no_trace(folder):
    def listing():
        return sorted((p, p.stat().st_mtime_ns) for p in folder.rglob("*"))

    before = listing()
    runs.read(folder)
    assert listing() == before


def test_what_is_missing_is_said(folder):
    for name in ("summary.json", "environment.json"):
        (folder / name).unlink()
    found = runs.read(folder)
    assert found.status == "stopped" and found.summary == {}
    assert [note.split(",")[0] for note in found.notes] == [
        "There is no summary.json",
        "There is no environment.json: versions and devices are not known.",
    ]
    (folder / "study.db").unlink()
    assert runs.read(folder).is_lost
    with pytest.raises(ValueError, match=r"has lost its trials \(no study\.db\)"):
        reader.read_trials(folder, SPACE, LOSS)


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(ValueError, match=r"does not hold a run \(no config\.json\)"):
        runs.read(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"does not hold a search \(no search\.json\)"):
        runs.read(tmp_path)
    (tmp_path / "search.json").write_text(json.dumps({"space": None}))
    with pytest.raises(ValueError, match="must be described by an object"):
        runs.read(tmp_path)


def test_trials_are_read_as_those_of_the_same_slots(folder):
    """Choices in another order have other token ids."""
    turned = spaces.custom({"a": (3, 2, 1), "b": (2, 1)})
    trials = reader.read_trials(folder, turned, LOSS)
    expected = [SPACE.format(trial.tokens) for trial in runs.read(folder).trials]
    assert [turned.format(trial.tokens) for trial in trials] == expected
    with pytest.raises(ValueError, match="does not maximize"):
        reader.read_trials(folder, SPACE, Objective("loss"))
