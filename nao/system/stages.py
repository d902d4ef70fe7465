"""What the program is doing now, told to whoever shows it.

Work that takes long says so where it is done: the trainer that it compiles, a strategy
that it fits. Nobody needs to listen; a progress display does (`nao.system.progress`).
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

# Called with a few words, and whether they are worth a line where lines are kept.
Listener = Callable[[str, bool], None]

_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar(
    "listener", default=None
)
_now: contextvars.ContextVar[str] = contextvars.ContextVar("now", default="")


@contextlib.contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tells a listener, and no other, while in use."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(text: str, is_line: bool = False) -> None:
    """Says what is being done from now on; empty for nothing in particular.

    Args:
        text: A few words, such as `fitting the controller`.
        is_line: Whether it lasts so long that a log should have a line about it.
    """
    _now.set(text)
    listener = _listener.get()
    if listener is not None:
        listener(text, is_line)


@contextlib.contextmanager
def stage(text: str, is_line: bool = False) -> Iterator[None]:
    """Says what is being done while in use, and then again what was before."""
    before = _now.get()
    tell(text, is_line)
    try:
        yield
    finally:
        tell(before)
