"""Optuna without its announcements, while nao itself calls it."""

import contextlib
import threading
from collections.abc import Iterator

import optuna

# Two threads that took turns would each restore what the other had set.
_LOCK = threading.RLock()


@contextlib.contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keeps Optuna's logging to warnings inside the block.

    The level is the process's, and its studies may be a user's own, so it is the same
    afterwards.
    """
    with _LOCK:
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
        try:
            yield
        finally:
            optuna.logging.set_verbosity(before)
