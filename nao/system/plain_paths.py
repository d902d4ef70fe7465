"""Paths that every library can read, to folders of any name."""

import contextlib
import pathlib
import re
import tempfile
from collections.abc import Iterator

_PLAIN = re.compile(r"[A-Za-z0-9_./+@=,~ -]*")


@contextlib.contextmanager
def plain(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a path to the same place in which no character means something.

    Orbax looks for files by patterns: in a folder called `run [1]`, or one with a
    backslash, it writes what it does not find again. There a link in a temporary folder
    takes the place of all but the path's last part.

    Args:
        path: Absolute; its parent is a folder that is there.
    """
    if _PLAIN.fullmatch(str(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="nao-") as folder:
        link = pathlib.Path(folder) / "link"
        link.symlink_to(path.parent, target_is_directory=True)
        yield link / path.name
