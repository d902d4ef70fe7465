"""Standard output and error: that nobody reads any more, and that is kept quiet."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Literal, TextIO

from absl import logging


class _Forgiving(io.FileIO):
    """Writes to a descriptor as long as that works, and then to nowhere."""

    def write(self, data: bytes) -> int:
        """Returns how many bytes were written, or given up."""
        try:
            return super().write(data)
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def forgive() -> None:
    """Lets a long run go on where what it prints can't be shown any more."""
    sys.stdout = _reopened(sys.stdout)
    sys.stderr = _reopened(sys.stderr)


def _reopened(stream: TextIO) -> TextIO:
    stream.flush()
    raw = _Forgiving(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
    )


@contextlib.contextmanager
def quiet(name: Literal["stdout", "stderr"], level: int) -> Iterator[None]:
    """Keeps what a library says off the terminal.

    Args:
        name: The stream that it prints to.
        level: Level of absl's log below which it logs for nobody.
    """
    redirect = {
        "stdout": contextlib.redirect_stdout,
        "stderr": contextlib.redirect_stderr,
    }[name]
    verbosity = logging.get_verbosity()
    logging.set_verbosity(level)
    try:
        with redirect(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
