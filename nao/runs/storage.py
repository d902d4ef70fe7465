"""Where a run keeps its trials: an Optuna storage, SQLite in its folder by default.

SQLite is opened by connections of our own: in a URL, `?`, `%` and `{` of a folder's
name would mean something else.
"""

import functools
import os
import pathlib
import sqlite3
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

import optuna
import sqlalchemy.exc
import sqlalchemy.pool
from optuna.storages import RDBStorage

from nao.files import check_regular, first_line, one_line, written_whole
from nao.runs.writing import writing

FILE = "study.db"  # in the folder of a run
# What opening one may raise; RuntimeError where another Optuna made its tables.
_TROUBLE = (
    sqlalchemy.exc.SQLAlchemyError,
    optuna.exceptions.OptunaError,
    RuntimeError,
)


class Opened(NamedTuple):
    """A storage that Optuna can use.

    Attributes:
        storage: What `optuna.load_study` takes.
        study: Name of the run's study, where there is none yet.
        ending: What the name of the run's study ends with, and of no other's there.
        where: Its address, for messages.
    """

    storage: optuna.storages.BaseStorage | str
    study: str
    ending: str
    where: str


def study_name(opened: Opened) -> str:
    """Returns the name of a run's study: of the one that is there, or to be made."""
    names = optuna.get_all_study_names(opened.storage)
    there = [name for name in names if name.endswith(opened.ending)]
    return there[0] if there else opened.study


def to_write(run_path: pathlib.Path, url: str, title: str = "search") -> Opened:
    """Opens the storage of a run that trials are added to, or makes it.

    Args:
        run_path: Folder of the run, absolute.
        url: Optuna storage URL; empty for SQLite in the folder.
        title: What a new study is called; in a storage that runs may share, the folder
            follows.

    Raises:
        ValueError: If the file can't be opened.
    """
    if url:
        return _shared(run_path, url, title)
    path = run_path / FILE
    _check(path)
    if not path.exists():
        # Killed while it makes its tables, Optuna leaves a file that no one can use.
        with writing(path), written_whole(path) as temporary:
            temporary.write_bytes(_tables())
    connect = functools.partial(sqlite3.connect, path, check_same_thread=False)
    return Opened(_opened(path, connect), title, "", str(path))


def to_read(run_path: pathlib.Path, url: str) -> Opened:
    """Opens the storage of a run as it is now; nothing is written to its folder.

    Args:
        run_path: Folder of the run, absolute.
        url: Optuna storage URL; empty for SQLite in the folder.

    Raises:
        ValueError: If the file can't be read.
    """
    if url:
        return _shared(run_path, url, "search")
    path = run_path / FILE
    _check(path)
    try:
        copied = _copy(path)
    except sqlite3.Error as error:
        raise ValueError(f"Ledger {path} can't be opened: {error}.") from None
    # One connection for all: each new one would be a database of its own.
    pool = sqlalchemy.pool.StaticPool
    return Opened(_opened(path, lambda: copied, pool), "search", "", str(path))


def _shared(run_path: pathlib.Path, url: str, title: str) -> Opened:
    """Returns a storage that runs may share, where the folder tells them apart."""
    ending = f" in {run_path}"
    return Opened(url, f"{title}{ending}", ending, url)


def is_lost(run_path: pathlib.Path, url: str) -> bool:
    """Says whether a run's ledger is a file in its folder that is not there."""
    return not url and not (run_path / FILE).exists()


def _check(path: pathlib.Path) -> None:
    """Raises ValueError where SQLite would wait for a pipe or the like for ever."""
    try:
        check_regular(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise ValueError(f"Ledger {path} can't be opened: {one_line(error)}.") from None


def _copy(path: pathlib.Path) -> sqlite3.Connection:
    """Returns a copy in memory: opening a storage, Optuna writes to it."""
    address = f"file:{urllib.parse.quote(os.fsencode(path))}?mode=ro"
    copied = sqlite3.connect(":memory:", check_same_thread=False)
    source = sqlite3.connect(address, uri=True)
    try:
        source.backup(copied)
    finally:
        source.close()
    return copied


@functools.cache
def _tables() -> bytes:
    """Returns a file without a study: to make one takes Optuna a tenth of a second."""
    made = sqlite3.connect(":memory:", check_same_thread=False)
    _opened(pathlib.Path(":memory:"), lambda: made, sqlalchemy.pool.StaticPool)
    return made.serialize()


# Revisions of tables that Optuna found to be its own: to say so it reads them all.
_known: set[str] = set()


def _opened(
    path: pathlib.Path,
    connect: Callable[[], sqlite3.Connection],
    pool: type[sqlalchemy.pool.Pool] = sqlalchemy.pool.QueuePool,
) -> RDBStorage:
    """Returns a storage of Optuna's on connections of ours, tables made if missing."""
    options = {"creator": connect, "poolclass": pool}
    try:
        storage = RDBStorage("sqlite://", options, skip_compatibility_check=True)
        revision = storage.get_current_version()
        if revision not in _known:
            RDBStorage("sqlite://", options)
            _known.add(revision)
        return storage
    except _TROUBLE as error:
        reason = first_line(error)
        raise ValueError(f"Ledger {path} can't be opened: {reason}") from None
