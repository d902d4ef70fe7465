import gzip
import json
import os
import pathlib

import pydantic
import pytest

from nao import files


def test_the_cache_folder_can_be_chosen(monkeypatch):
    monkeypatch.setenv("NAO_CACHE_DIR", "/somewhere")
    assert files.cache_dir() == pathlib.Path("/somewhere")
    monkeypatch.delenv("NAO_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert files.cache_dir() == pathlib.Path("/elsewhere/nao")


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path):
    path = tmp_path / "file"
    with files.written_whole(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(KeyError), files.written_whole(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "one" and list(tmp_path.iterdir()) == [path]


def test_only_files_are_read(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    assert files.read_bytes(tmp_path / "file") == b"1"
    os.mkfifo(tmp_path / "pipe")
    for name, kind in (("pipe", "a named pipe"), (".", "a folder")):
        with pytest.raises(ValueError, match=f"it is {kind}, not a file"):
            files.read_bytes(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        files.read_bytes(tmp_path / "nothing")


def test_gzip_is_unpacked_up_to_what_data_need():
    text = bytes(range(256)) * 100
    assert files.unpacked(gzip.compress(text)) == files.unpacked(text) == text
    with pytest.raises(ValueError, match="Compressed file ended"):
        files.unpacked(gzip.compress(text)[:-9])
    bomb = gzip.compress(bytes(2**20)) * 300
    with pytest.raises(ValueError, match="unpack to more than 268,435,456; if that"):
        files.unpacked(bomb)


def test_what_an_error_says_is_one_line():
    assert files.one_line(ValueError("a\nb\x1b\u2028c")) == "a b\\x1b c"
    assert files.one_line(FileNotFoundError(2, "No such file", "x")) == "No such file"
    assert files.one_line(MemoryError()) == "MemoryError"
    long = files.one_line(ValueError("a" * 400 + "b" * 400), 100)
    assert long == f"{'a' * 47} ... {'b' * 47}"


class Inner(files.Shape):
    share: float
    name: str | None = None


class Outer(files.Shape):
    count: int
    parts: list[Inner] = pydantic.Field(default_factory=list)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "count is missing"),
        ({"count": "3"}, "count must be a valid integer, got '3'"),
        ({"count": True}, "count must be a valid integer, got True"),
        ({"count": 3.0}, "count must be a valid integer, got 3.0"),
        ({"count": 1, "parts": {}}, "parts must be a valid list, got {}"),
        ({"count": 1, "parts": [5]}, "parts.0 must be an object, got 5"),
        (
            {"count": 1, "parts": [{"share": float("nan")}]},
            "parts.0.share must be a finite number, got nan",
        ),
        (
            {"count": 1, "parts": [{"share": 1, "name": [[[[[[[9] * 9]]]]]]}]},
            "parts.0.name must be a valid string, got [[[[[[[...]]]]]]]",
        ),
    ],
)
def test_a_damaged_file_names_file_field_rule_and_value(tmp_path, data, message):
    path = tmp_path / "some.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError) as error:
        files.read_json(path, Outer)
    assert str(error.value) == f"{path} is damaged: {message}."


def test_what_a_shape_does_not_name_is_read_as_it_is(tmp_path):
    path = tmp_path / "some.json"
    data = {"count": 1, "parts": [{"share": 1, "more": [2]}], "later": None}
    path.write_text(json.dumps(data))
    assert files.read_json(path, Outer) == data
    assert files.read_json(tmp_path / "none.json", Outer) is None
