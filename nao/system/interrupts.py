"""Ctrl-C and SIGTERM that can not get lost."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Turns SIGINT and SIGTERM into KeyboardInterrupt while in use.

    Python drops an exception that a signal raises inside a callback from C code, so the
    signal is remembered as well.

    Yields:
        A function to call where stopping is safe: raises KeyboardInterrupt if a signal
        has come before.

    Raises:
        KeyboardInterrupt: At the latest when the block is through.
    """
    came: list[int] = []

    def remember(number: int, frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check  # Only the main thread gets signals.
        return
    with handled_by(remember):
        yield check
    check()


@contextlib.contextmanager
def handled_by(handler: Callable | signal.Handlers) -> Iterator[None]:
    """Gives SIGINT and SIGTERM a handler while in use; for the main thread alone."""
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
