import pathlib

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
