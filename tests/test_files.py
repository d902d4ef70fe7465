import json
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
