"""What happens where a run can't be written any more: a full disk, a removed folder."""

import contextlib
import pathlib
from collections.abc import Iterator

import optuna
import sqlalchemy.exc

from nao.files import first_line


@contextlib.contextmanager
def writing(path: pathlib.Path | str) -> Iterator[None]:
    """Turns what a file system or a storage raises while writing into one line.

    Args:
        path: What is written.

    Raises:
        ValueError: With the reason, and how the run goes on.
    """
    try:
        yield
    except (
        OSError,
        sqlalchemy.exc.SQLAlchemyError,
        optuna.exceptions.OptunaError,
    ) as e:
        raise ValueError(
            f"{path} can't be written: {_reason(e)}. What is there is kept: once that "
            "is mended, the same command or call continues the run."
        ) from None


def _reason(error: BaseException) -> str:
    """Returns what was wrong at first, in a line."""
    # Optuna says that a commit failed; what was wrong is the cause of its cause.
    cause = error
    while inner := cause.__cause__:
        cause = inner
    return first_line(cause).rstrip(".")
