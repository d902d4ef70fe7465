"""Orbax where files are damaged or can't be written: one error, no pages of it."""

import contextlib
import pathlib
from collections.abc import Iterator

import orbax.checkpoint as ocp
from absl import logging

from nao.files import first_line
from nao.system import streams
from nao.system.plain_paths import plain


def quiet() -> contextlib.AbstractContextManager[None]:
    """Keeps what Orbax's log and its threads say of an error off the terminal."""
    return streams.quiet("stderr", logging.FATAL)


@contextlib.contextmanager
def last_ones(
    path: pathlib.Path, kept: int, handler: ocp.CheckpointHandler | None = None
) -> Iterator[ocp.CheckpointManager]:
    """Opens a folder of numbered checkpoints, or makes it; closes it in the end.

    Args:
        path: The folder, absolute, of any name.
        kept: How many of the last checkpoints stay.
        handler: How checkpoints are read and written; None for Orbax's own guess.

    Raises:
        ValueError: If there is something else of that name.
    """
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} must be a folder.")
    path.mkdir(parents=True, exist_ok=True)
    with plain(path) as folder:
        options = ocp.CheckpointManagerOptions(max_to_keep=kept)
        manager = ocp.CheckpointManager(folder, item_handlers=handler, options=options)
        with contextlib.closing(manager):
            yield manager


@contextlib.contextmanager
def or_without(what: str) -> Iterator[None]:
    """Warns of what Orbax raises, and goes on; `what` is no longer so, in words."""
    try:
        yield
    except Exception as error:  # Orbax has no common exception for a full disk.
        logging.warning("%s: %s", what, first_line(error))


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
