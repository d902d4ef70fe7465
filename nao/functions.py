"""A user's own functions: imported by name, and what they raise in one line."""

import importlib
from collections.abc import Callable

# What a user's code raises may be of any length. Every reason passes through here on
# its way to the ledger, `metrics.jsonl`, the page and messages.
_MAX_REASON = 500  # characters


def load_function(name: str, field: str) -> Callable:
    """Imports a function.

    Args:
        name: The function, as `module:function`.
        field: Config field that names it, for the message.

    Raises:
        ValueError: If there is no such function.
    """
    module_name, _, function_name = name.partition(":")
    if not module_name or not function_name:
        raise ValueError(f"{field} must be 'module:function', got {name!r}.")
    # Importing runs the user's module, which may raise anything.
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{field} {name!r}: {in_one_line(error)}.") from error
    if not callable(function):
        raise ValueError(f"{field} {name!r} is not callable.")
    return function


def in_one_line(error: BaseException) -> str:
    """Describes an exception of a user's code by its class and its message's last line.

    Long messages open with what led to the error and close with what it is. Without a
    message the class stands alone.
    """
    try:
        message = last_line(str(error))
    except Exception:  # its own `__str__` is broken
        message = ""
    name = type(error).__name__
    return last_line(f"{name}: {message}" if message else name)


def last_line(text: str) -> str:
    """Returns the last line that is not empty, cut to a length that can be shown."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[-1] if lines else ""
    return line if len(line) <= _MAX_REASON else f"{line[: _MAX_REASON - 3]}..."
