"""Where trials are kept, whatever a folder is called and whoever may write there."""

import contextlib
import os
import pathlib
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import optuna
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nao
from nao import runs
from nao.evaluators import Goals, Objective
from nao.runs import ledger, storage
from tests.searching import SPACE, search

# What a name may hold on a file system, and what means something elsewhere: in URLs, in
# templates, to a shell, in patterns; and bytes that are no text.
NAMES = (
    *("lr?1", "lr?2", "a%20b", "{0}", "run [1]", "back\\slash", "w#x", "*", "ü€"),
    *(
        " spaces ",
        "'quotes\"",
        "$HOME",
        "-n",
        b"\xff\xfe".decode("utf8", "surrogateescape"),
    ),
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_folder_of_any_name_holds_its_own_run(tmp_path, name):
    """`lr?1` kept its trials in a file `lr` that all of `lr?*` shared."""
    workdir = tmp_path / name
    result = search(workdir, 7, strategy=nao.strategies.RandomSearch(SPACE))
    assert {path.name for path in tmp_path.iterdir()} == {name}
    found = runs.read(workdir)
    assert [t.value for t in found.trials] == [t.value for t in result.trials]
    asked = found.last_round()
    np.testing.assert_array_equal(asked.tokens[:7], [t.tokens for t in found.trials])
    assert search(workdir, 9, strategy=nao.strategies.RandomSearch(SPACE)).best


_MEANT = st.sampled_from(
    ["%2e", "%s", "{}", "[a]", "\\", "?x=1", "#", "*", "$(a)", ";"]
)
_TEXT = st.lists(_MEANT | st.text(max_size=4), min_size=1, max_size=5).map("".join)
_BYTES = st.binary(min_size=1, max_size=20).map(os.fsdecode)


@pytest.mark.slow
@settings(deadline=None, max_examples=40, derandomize=True)
@given(name=_TEXT | _BYTES)
def test_names_that_a_file_system_allows_are_allowed(tmp_path_factory, name):
    assume("/" not in name and name not in (".", ".."))
    folder = tmp_path_factory.mktemp("any")
    try:
        (folder / name).mkdir()
    except (OSError, ValueError):
        assume(False)
    for num in (2, 3):
        search(folder / name, num, strategy=nao.strategies.RandomSearch(SPACE))
    assert {path.name for path in folder.iterdir()} == {name}
    found = runs.read(folder / name)
    assert len(found.trials) == 3 and found.last_round() is not None


def test_a_ledger_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    """Killed while its tables were made, it lost its unique index for ever."""

    def killed(*_, **__):
        raise KeyboardInterrupt

    storage._tables.cache_clear()  # They are made once in a process.
    for owner, name in ((storage.RDBStorage, "__init__"), (os, "replace")):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(owner, name, killed)
            storage.to_write(tmp_path, "")
        assert not list(tmp_path.iterdir())
    for _ in range(2):
        ledger.Ledger(storage.to_write(tmp_path, ""), SPACE, Goals((Objective("sum"),)))
    opened = storage.to_write(tmp_path, "")
    assert len(optuna.get_all_study_names(opened.storage)) == 1


def test_a_snapshot_does_not_change(tmp_path):
    search(tmp_path, 3)
    before = ledger.Ledger(
        storage.to_read(tmp_path, ""), SPACE, Goals((Objective("sum"),))
    )
    search(tmp_path, 6)
    after = ledger.Ledger(
        storage.to_read(tmp_path, ""), SPACE, Goals((Objective("sum"),))
    )
    assert (len(before), len(after)) == (3, 6)


READ = """
    import os, sys
    import numpy as np
    import nao
    from nao import runs
    from tests.searching import SPACE, search

    folder, other = sys.argv[1:]
    written = []

    def watch(event, arguments):
        if event == "open":
            path, mode, flags = arguments
            writes = (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        elif event in ("os.mkdir", "os.remove", "os.rename", "os.truncate"):
            path, writes = arguments[0], True
        elif event == "sqlite3.connect":
            path, writes = arguments[0], "mode=ro" not in str(arguments[0])
        else:
            return
        inside = isinstance(path, str) and path.startswith(folder)
        if writes and inside and not path.endswith(".lock"):
            written.append((event, path))

    sys.addaudithook(watch)
    runs.read(folder)
    cells = SPACE.sample(np.random.default_rng(0), 2)
    nao.Embedding.from_workdir(folder).predict(cells)
    search(other, 2, warm_start=folder)
    print(written)
"""


@pytest.mark.slow
def test_reading_writes_nothing(tmp_path):
    """Opening its storage, Optuna wrote: a run on a read-only disk was unreadable."""
    search(tmp_path / "run", 14)
    command = [sys.executable, "-c", textwrap.dedent(READ), str(tmp_path / "run")]
    done = subprocess.run(
        [*command, str(tmp_path / "other")],
        capture_output=True,
        text=True,
        cwd=pathlib.Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


def test_a_damaged_ledger_is_one_line(tmp_path):
    search(tmp_path, 3)
    path = tmp_path / "study.db"
    path.write_bytes(path.read_bytes()[:5000])
    for opener in (storage.to_read, storage.to_write):
        with pytest.raises(ValueError, match=r"study\.db can't be opened: ") as error:
            ledger.Ledger(opener(tmp_path, ""), SPACE, Goals((Objective("sum"),)))
        assert "\n" not in str(error.value)


def test_tables_of_another_optuna_are_one_line(tmp_path):
    """It was a traceback."""
    search(tmp_path, 3)
    with contextlib.closing(sqlite3.connect(tmp_path / "study.db")) as tables:
        tables.execute("UPDATE alembic_version SET version_num = 'v9.9.9'")
        tables.commit()
    for opener in (storage.to_read, storage.to_write):
        with pytest.raises(ValueError, match=r"can't be opened: .* no longer"):
            opener(tmp_path, "")
