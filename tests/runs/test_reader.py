"""A run's folder, read in whatever state it is."""

import json
import os
import sqlite3

import hypothesis
import pytest
from hypothesis import strategies as st

import nao
from nao import runs, spaces
from nao.evaluators import FunctionEvaluator, Objective
from nao.runs import RunDirectory, reader, record, shapes
from nao.search import warm_start
from tests.json_values import JSON, replaced

SPACE = spaces.custom({"a": (1, 2, 3), "b": (1, 2)})
LOSS = Objective("loss", maximize=False)


@pytest.fixture
def folder(tmp_path):
    _search(tmp_path / "run")
    return tmp_path / "run"


def _search(workdir):
    def loss(choices):
        return int(choices["a"]) * int(choices["b"])

    nao.search(
        nao.strategies.RandomSearch(SPACE),
        FunctionEvaluator(SPACE, loss, LOSS),
        num_trials=4,
        workdir=workdir,
        progress=False,
        report=False,
    )


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


def test_an_emptied_ledger_is_damage(folder):
    """A good page gave way to one of no trials; a search evaluated all anew."""
    (folder / "study.db").write_bytes(b"")
    with pytest.raises(ValueError, match=r"damaged: it has 0 trials, summary\.json"):
        runs.read(folder)
    for name in ("study.db", "metrics.jsonl"):
        (folder / name).unlink()
    with pytest.raises(ValueError, match=r"damaged: it has 0 trials, summary\.json"):
        _search(folder)


@pytest.mark.parametrize("name", ["seconds", "predicted", "round", "reason"])
def test_attributes_of_another_type_are_damage(folder, name):
    with sqlite3.connect(folder / "study.db") as database:
        database.execute(
            "INSERT OR REPLACE INTO trial_user_attributes (trial_id, key, value_json)"
            " SELECT trial_id, ?, '[1]' FROM trials",
            (name,),
        )
    database.close()
    with pytest.raises(ValueError, match="is damaged or of another space: trial 0"):
        runs.read(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["config.json", "search.json", "study.db"])
def test_a_pipe_is_no_file(folder, name):
    """Nobody writes into it: reading waited for ever."""
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ValueError, match=f"{name} can't be .*it is a named pipe"):
        runs.read(folder)
    with pytest.raises(ValueError, match=f"{name} can't be .*it is a named pipe"):
        _search(folder)


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(ValueError, match=r"does not hold a run \(no config\.json\)"):
        runs.read(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"does not hold a search \(no search\.json\)"):
        runs.read(tmp_path)
    (tmp_path / "search.json").write_text(json.dumps({"space": None}))
    with pytest.raises(ValueError, match=r"damaged: space must be an object, got None"):
        runs.read(tmp_path)


def test_trials_are_read_as_those_of_the_same_slots(folder):
    """Choices in another order have other token ids."""
    turned = spaces.custom({"a": (3, 2, 1), "b": (2, 1)})
    trials = reader.read_trials(folder, turned, LOSS)
    expected = [SPACE.format(trial.tokens) for trial in runs.read(folder).trials]
    assert [turned.format(trial.tokens) for trial in trials] == expected
    with pytest.raises(ValueError, match="does not maximize"):
        reader.read_trials(folder, SPACE, Objective("loss"))


RESULT = {"test_accuracy": 0.5, "train_loss": 1, "num_parameters": 9.0}
RESULT |= {"num_multiply_adds": 3.0, "memory_mib": 1.5, "seconds": 2.25}
WARM = {"architectures": ["a=1 b=2", "a=3 b=1"], "objective": [0.5, None]}
READERS = {
    "config.json": lambda run: run.read_json("config.json", shapes.Config),
    "search.json": lambda run: record.read(run.path),
    "summary.json": lambda run: run.read_json("summary.json", shapes.Summary),
    "result.json": lambda run: run.read_json("result.json", shapes.Result),
    "warm_start.json": lambda run: warm_start.pool("", run, SPACE, LOSS),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of a search and of a training, as JSON values, by name."""
    path = tmp_path_factory.mktemp("search")
    nao.search(
        nao.strategies.NAO(SPACE),
        FunctionEvaluator(SPACE, lambda choices: int(choices["a"]), LOSS),
        num_trials=2,
        workdir=path,
        progress=False,
        report=False,
    )
    names = ("config.json", "search.json", "summary.json")
    found = {name: json.loads((path / name).read_text()) for name in names}
    return found | {"result.json": RESULT, "warm_start.json": WARM}


@pytest.mark.parametrize("name", READERS)
def test_any_json_in_a_file_is_read_or_one_line(tmp_path_factory, files, name):
    folder = tmp_path_factory.mktemp("any")

    @hypothesis.settings(max_examples=150, deadline=None)
    @hypothesis.given(st.one_of(JSON, replaced(files[name]), replaced(files[name])))
    def check(data):
        (folder / name).unlink(missing_ok=True)
        with RunDirectory(folder, {}) as run:
            (folder / name).write_text(json.dumps(data))
            try:
                READERS[name](run)
            except ValueError as error:
                assert len(str(error).splitlines()) == 1
                assert str(folder / name) in str(error)

    check()


@pytest.mark.parametrize("name", READERS)
def test_a_valid_file_is_read(tmp_path, files, name):
    with RunDirectory(tmp_path, {}) as run:
        (tmp_path / name).write_text(json.dumps(files[name]))
        READERS[name](run)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("config.json", {"num_trials": "9"}, "num_trials must be a valid integer, got"),
        ("search.json", {"strategy": 5}, "strategy must be a valid string, got 5"),
        ("search.json", {"controller": {"ensemble_size": "2"}}, "ensemble_size must b"),
        ("summary.json", {"num_failed": -1}, "num_failed must be greater than or equ"),
        ("summary.json", {"seconds": {"total": "1"}}, "seconds.total must be a valid"),
        (
            "result.json",
            {"train_loss": None},
            "train_loss must be a valid number, got ",
        ),
        ("result.json", {"seconds": "long"}, "seconds must be a valid number, got 'l"),
        ("warm_start.json", {"objective": [1.0]}, "as many objectives as architectur"),
        ("warm_start.json", {"architectures": ["a=1 b=9", "a=1"]}, "Unknown choice"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, files, name, changes, message):
    with RunDirectory(tmp_path, {}) as run:
        (tmp_path / name).write_text(json.dumps(files[name] | changes))
        with pytest.raises(ValueError, match=message) as error:
            READERS[name](run)
    assert str(tmp_path / name) in str(error.value)


def test_a_damaged_budget_is_no_traceback(tmp_path):
    (tmp_path / "config.json").write_text('{"num_trials": "many"}')
    with pytest.raises(ValueError, match="num_trials must be a valid integer, got 'm"):
        RunDirectory(tmp_path, {"num_trials": 3})
