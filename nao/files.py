"""Files: written whole or not at all, read with an error that says what is wrong."""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np


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


def read_json(path: pathlib.Path) -> dict | None:
    """Returns what a file holds; None where there is none.

    Raises:
        ValueError: If it is not a JSON object.
    """
    try:
        return parse_object(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} can't be read: {error}.") from None


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
