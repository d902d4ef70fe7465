"""Orbax where files are damaged or can't be written: one error, no pages of it."""

import contextlib
import io
import pathlib
from collections.abc import Iterator

from absl import logging

from nao.files import first_line


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what Orbax's log and its threads say of an error off the terminal."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.FATAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)


@contextlib.contextmanager
def writing(path: pathlib.Path) -> Iterator[None]:
    """Gives a checkpoint that can't be written one error, of one line.

    Args:
        path: Folder of the checkpoint.

    Raises:
        OSError: If Orbax raises in the block, which must wait for what it writes.
    """
    try:
        with quiet():
            yield
    except MemoryError:
        raise
    except Exception as error:  # A full disk has many names.
        reason = first_line(error)
        raise OSError(f"Checkpoint {path} can't be written: {reason}") from None
