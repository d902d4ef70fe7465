import pathlib

from nao import types


def test_the_cache_folder_can_be_chosen(monkeypatch):
    monkeypatch.setenv("NAO_CACHE_DIR", "/somewhere")
    assert types.cache_dir() == pathlib.Path("/somewhere")
    monkeypatch.delenv("NAO_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert types.cache_dir() == pathlib.Path("/elsewhere/nao")
