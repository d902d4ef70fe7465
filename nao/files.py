"""Files: written whole or not at all, read with an error that says what is wrong."""

import contextlib
import json
import os
import pathlib
import re
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pydantic


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


class Shape(pydantic.BaseModel):
    """What a JSON object must have: its fields, and their types to the letter.

    Fields that it does not name are left alone: a later version may write more.
    """

    model_config = pydantic.ConfigDict(strict=True, allow_inf_nan=False)


def read_json(path: pathlib.Path, shape: type[Shape] | None = None) -> dict | None:
    """Returns what a file holds; None where there is none.

    Args:
        path: The file.
        shape: What it must hold; any JSON object by default.

    Raises:
        ValueError: If it is not a JSON object, or not of the shape; the message names
            the field, the rule and the value.
    """
    try:
        data = parse_object(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} can't be read: {error}.") from None
    if shape is not None:
        check_shape(data, shape, f"{path} is damaged")
    return data


def check_shape(data: Any, shape: type[pydantic.BaseModel], problem: str) -> None:
    """Checks JSON values.

    Args:
        data: The values.
        shape: What they must be.
        problem: How the message begins.

    Raises:
        ValueError: If they are not; the message names the field, rule and value.
    """
    try:
        shape.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"])) or "it"
        name = name if name.isprintable() else repr(name)
        raise ValueError(f"{problem}: {name} {_rule(first)}.") from None


def _rule(error: Mapping[str, Any]) -> str:
    """Returns what one of pydantic's errors says, in the words of JSON."""
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden":
        return "is not known"
    text = re.sub(r"^\w+ should", "must", error["msg"])
    text = re.sub(r"a valid dictionary( or instance of \w+)?", "an object", text)
    return f"{text}, got {reprlib.repr(error['input'])}"


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
