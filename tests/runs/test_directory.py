import json
import logging

import pytest

from nao.runs import RunDirectory, directory

CONFIG = {"seed": 0, "num_trials": 5, "child": {"epochs": 3}}


def test_files_are_whole_and_metrics_append(tmp_path):
    with RunDirectory(tmp_path / "a" / "b", CONFIG) as run:
        run.write_json("x.json", {"y": 1})
        run.log(1, {"trial": 0, "objective": 0.5}, {"objective": 0.5})
        run.log(2, {"trial": 1, "objective": None}, {"objective": None})
        assert run.read_json("x.json") == {"y": 1}
        assert run.read_json("absent.json") is None
        assert run.num_logged("trial") == 2
        lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[1]) == {"step": 2, "trial": 1, "objective": None}
    assert not list(tmp_path.rglob("*.tmp"))
    assert list((tmp_path / "a/b/tensorboard").iterdir())


def test_damaged_lines_of_the_log_are_dropped(tmp_path, caplog):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"trial": 0}\nrubbish\n[1]\n{"other": 1}\n{"trial": 1}\n{"tri')
    with RunDirectory(tmp_path, {}) as run, caplog.at_level(logging.WARNING):
        assert run.num_logged("trial") == 2
    assert path.read_text() == '{"trial": 0}\n{"other": 1}\n{"trial": 1}\n'
    assert "3 damaged lines dropped" in caplog.text


def test_what_a_killed_process_was_writing_is_removed(tmp_path):
    (tmp_path / ".summary.json.123.tmp").write_text("{")
    (tmp_path / ".mine.tmp").mkdir()
    with RunDirectory(tmp_path, {}) as run:
        assert {p.name for p in run.path.iterdir()} == {".lock", ".mine.tmp"}


def test_an_empty_path_is_not_the_working_directory():
    with pytest.raises(ValueError, match="must be the path of a folder, got ''"):
        directory.absolute("")


def test_differing_fields_are_named(tmp_path):
    with RunDirectory(tmp_path, CONFIG) as run:
        run.begin()
    with pytest.raises(ValueError, match=r"child\.epochs is 3 there and 4 here"):
        RunDirectory(tmp_path, CONFIG | {"child": {"epochs": 4}})
    with RunDirectory(tmp_path, CONFIG | {"num_trials": 9}) as run:
        run.begin()
        assert run.read_json("config.json")["num_trials"] == 9
    with pytest.raises(ValueError, match="as many or more, got num_trials=5"):
        RunDirectory(tmp_path, CONFIG)
    # Of a run of another kind the number says nothing.
    with pytest.raises(ValueError, match=r"another config: child\.epochs is 3"):
        RunDirectory(tmp_path, CONFIG | {"child": {"epochs": 4}})


def test_a_field_that_one_side_lacks_is_at_its_default(tmp_path):
    with RunDirectory(tmp_path, CONFIG) as run:
        run.begin()
    newer = CONFIG | {"child": {"epochs": 3, "flip": False}, "storage": ""}
    defaults = {"child": {"epochs": 5, "flip": False}, "storage": ""}
    with RunDirectory(tmp_path, newer, defaults):
        pass
    with pytest.raises(ValueError, match=r"child\.flip is None there and False here"):
        RunDirectory(tmp_path, newer)
    flipped = newer | {"child": {"epochs": 3, "flip": True}}
    with pytest.raises(ValueError, match=r"child\.flip is False there and True here"):
        RunDirectory(tmp_path, flipped, defaults)


def test_places_may_differ_and_are_named(tmp_path):
    config = CONFIG | {"data": {"path": "here", "size": 1}}
    with RunDirectory(tmp_path, config, places={"data.path"}) as run:
        assert not run.moved
        run.begin()
    moved = CONFIG | {"data": {"path": "there", "size": 1}}
    with RunDirectory(tmp_path, moved, places={"data.path"}) as run:
        assert run.moved == ["data.path"]
    with pytest.raises(
        ValueError, match=r"data\.path is 'here' there and 'there' here"
    ):
        RunDirectory(tmp_path, moved)


def test_nothing_is_written_before_the_run_begins(tmp_path):
    with RunDirectory(tmp_path, CONFIG) as run:
        assert run.is_new
    with RunDirectory(tmp_path, CONFIG | {"seed": 1}) as run:
        assert run.is_new


def test_a_damaged_config_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"seed": ')
    with pytest.raises(ValueError, match="can't be read"):
        RunDirectory(tmp_path, CONFIG)


def test_a_refusal_frees_the_lock(tmp_path):
    with RunDirectory(tmp_path, CONFIG) as run:
        run.begin()
    with pytest.raises(ValueError):
        RunDirectory(tmp_path, CONFIG | {"seed": 1})
    with RunDirectory(tmp_path, CONFIG):
        pass


def test_what_changes_is_told_across_processes(tmp_path):
    """A continued run writes what was held back before it."""
    with RunDirectory(tmp_path, CONFIG) as run:
        run.log(1, {"trial": 0}, {"metrics/epochs": 5.0})
    with RunDirectory(tmp_path, CONFIG) as run:
        run.recall(1, {"metrics/epochs": 5.0})
        run.log(2, {"trial": 1}, {"metrics/epochs": 4.0, "metrics/size": 3})
    files = list((tmp_path / "tensorboard").iterdir())
    written = b"".join(file.read_bytes() for file in files)
    assert written.count(b"metrics/epochs") == 2 and b"metrics/size" not in written
