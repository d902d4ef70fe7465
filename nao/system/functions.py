"""A user's own functions: imported by name, what they return and what they raise."""

import importlib
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

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


def number(name: str, value: Any) -> float:
    """Returns a user's number, of Python, NumPy or JAX, as Python's.

    Raises:
        ValueError: If it is none; the message calls it by `name`.
    """
    try:
        if isinstance(value, str | bytes):  # `float` would read them.
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name} must be a number, got {reprlib.repr(value)}."
        ) from None


def numbers(name: str, values: Any) -> dict[str, float]:
    """Returns a user's numbers by their names, see `number`.

    Raises:
        ValueError: If these are no numbers by name.
    """
    if not isinstance(values, Mapping) or not all(isinstance(n, str) for n in values):
        raise ValueError(
            f"{name} must be numbers by their names, got {reprlib.repr(values)}."
        )
    return {n: number(f"{name}[{n!r}]", value) for n, value in values.items()}
