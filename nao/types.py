"""Aliases and small helpers that every room shares."""

import contextlib
import dataclasses
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

Array = jax.Array
PyTree = Any


def option(default: Any, help: str) -> Any:
    """Returns a dataclass field whose meaning `launch.py --help` can print.

    Args:
        default: The value of the field where the user gives none.
        help: One line: what the field means, its unit, and what edge values mean.
    """
    return dataclasses.field(default=default, metadata={"help": help})


def part(cls: type) -> Any:
    """Returns a dataclass field that holds a config of its own, default as made."""
    return dataclasses.field(default_factory=cls)


def check_at_least(minimum: float, config: Any, *names: str, prefix: str = "") -> None:
    """Checks fields of a config.

    Raises:
        ValueError: If one is smaller than `minimum`, or not a number; the message calls
            it by `prefix` and its name.
    """
    rule = f"be at least {minimum}" if minimum else "not be negative"
    for name in names:
        value = getattr(config, name)
        if not value >= minimum:
            raise ValueError(f"{prefix}{name} must {rule}, got {value}.")


def check_positive(config: Any, *names: str) -> None:
    """Checks that fields of a config are above 0; raises ValueError otherwise."""
    for name in names:
        if not getattr(config, name) > 0:
            raise ValueError(f"{name} must be positive, got {getattr(config, name)}.")


@contextlib.contextmanager
def written_whole(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields where to write a file that is to be there whole or not at all.

    It takes the place of `path` once the block is through; an error leaves what was
    there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        ValueError: If it is none.
    """
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    return data


def read_npz(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Reads all arrays of an `.npz` file.

    Raises:
        OSError: If it can't be opened.
        ValueError: If it is damaged, or holds something else.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("it holds one array; numpy.savez writes several")
        with loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except (OSError, MemoryError):
        raise
    except Exception as error:  # the many that readers raise at damaged bytes
        raise ValueError(str(error)) from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")
    return arrays


def cache_dir() -> pathlib.Path:
    """Returns where compiled programs and decoded data are kept between runs.

    `$NAO_CACHE_DIR`, else `nao` in the user's cache folder.
    """
    if "NAO_CACHE_DIR" in os.environ:
        return pathlib.Path(os.environ["NAO_CACHE_DIR"]).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "nao"
