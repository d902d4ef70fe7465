import numpy as np

from nao.runs.lessons import Lessons

STATE = {"weights": {"a": np.arange(3.0)}, "epoch": np.int32(2)}


def _kept(path, seconds=0.0, told=5):
    lessons = Lessons(path, seconds)
    lessons.save(told, STATE)
    lessons.close()
    return Lessons(path)


def test_a_lesson_is_of_the_round_that_it_was_for(tmp_path):
    lessons = _kept(tmp_path / "lesson")
    found = lessons.restore(5)
    np.testing.assert_array_equal(found["weights"]["a"], STATE["weights"]["a"])
    assert int(found["epoch"]) == 2
    assert lessons.restore(6) is None
    lessons.close()


def test_the_last_one_is_kept(tmp_path):
    _kept(tmp_path / "lesson").close()
    lessons = _kept(tmp_path / "lesson", told=8)
    assert lessons.restore(8) is not None and lessons.restore(5) is None
    lessons.close()


def test_nothing_is_written_within_a_minute(tmp_path):
    lessons = _kept(tmp_path / "lesson", seconds=60.0)
    assert lessons.restore(5) is None
    assert not (tmp_path / "lesson").exists()


def test_a_damaged_one_is_as_good_as_none(tmp_path, caplog):
    _kept(tmp_path / "lesson").close()
    for file in (tmp_path / "lesson").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    lessons = Lessons(tmp_path / "lesson")
    assert lessons.restore(5) is None and "learning anew" in caplog.text
    lessons.close()


def test_a_full_disk_is_a_warning(tmp_path, monkeypatch, caplog):
    def full(*arguments, **options):
        raise OSError("No space left on device")

    lessons = Lessons(tmp_path / "lesson", 0.0)
    lessons.save(5, STATE)
    monkeypatch.setattr(lessons._manager, "wait_until_finished", full)
    monkeypatch.setattr(lessons._manager, "close", full)
    lessons.close()
    assert "are not kept: No space left" in caplog.text
