"""Where text comes from: a folder of three files, a single file, Python itself.

Each function maps a path to texts by part, or to `train` alone, which is then cut.
Lines end in a line feed, whatever they end in on disk.
"""

import os
import pathlib
from pydoc_data import topics

from nao.files import as_line, expanded, one_line, read_bytes

# Penn Treebank and WikiText-2, under the names that they are published by, and others.
_FAMILIES = (
    "{}.txt",
    "ptb.{}.txt",
    "wiki.{}.tokens",
    "wiki.{}.raw",
)
_PARTS = {"train": "train", "validation": "valid", "test": "test"}  # in those names
_NUM_NAMED = 5  # files of a folder that a message names


def read_folder(path: str) -> dict[str, str]:
    """Returns the texts of a folder that has a file for each of the three parts.

    Raises:
        ValueError: If it has not, or a file can't be read.
    """
    if not path:
        raise ValueError(
            "data.name=text_folder needs data.path, a folder with "
            f"{_names(_FAMILIES[0])}."
        )
    root = expanded(path)
    if not os.path.isdir(root):  # pathlib raises where a name is too long
        raise ValueError(
            f"data.path must be a folder with {_names(_FAMILIES[0])}; text_file reads "
            f"one file, got {path!r}."
        )
    family = _find(root)
    return {part: _read(root / family.format(n)) for part, n in _PARTS.items()}


def _find(root: pathlib.Path) -> str:
    """Returns which of `_FAMILIES` the files of a folder are called by.

    Raises:
        ValueError: If they are called otherwise, by several, or not all there.
    """
    try:
        there = sorted(p.name for p in root.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise _refused(f"{root} can't be read: {one_line(error)}.") from None
    found = [f for f in _FAMILIES if f.format("train") in there]
    if len(found) > 1:
        raise _refused(
            f"{root} must hold one training part, got "
            f"{' and '.join(f.format('train') for f in found)}."
        )
    (family,) = found or _FAMILIES[:1]
    if any(family.format(name) not in there for name in _PARTS.values()):
        choices = [family] if found else _FAMILIES
        more = " and others" if len(there) > _NUM_NAMED else ""
        named = ", ".join(there[:_NUM_NAMED]) + more
        raise _refused(
            f"{root} must hold {', or '.join(map(_names, choices))}; it has: "
            f"{named or 'nothing'}."
        )
    return family


def _names(family: str) -> str:
    """Returns the names of three files, in words."""
    *others, last = (family.format(name) for name in _PARTS.values())
    return f"{', '.join(others)} and {last}"


def read_file(path: str) -> dict[str, str]:
    """Returns the text of one file, to be cut into parts.

    Raises:
        ValueError: If it can't be read.
    """
    if not path:
        raise ValueError("data.name=text_file needs data.path, a file of text.")
    return {"train": _read(expanded(path))}


def read_topics(path: str) -> dict[str, str]:
    """Returns what Python's `help` says of the language, to be cut into parts.

    English that every Python has with it; another version of Python has other words.

    Raises:
        ValueError: If a path is given.
    """
    if path:
        raise ValueError(
            "data.name=python_topics has no data.path; text_file or text_folder reads "
            f"your own text, got {path!r}."
        )
    return {"train": "".join(topics.topics[name] for name in sorted(topics.topics))}


def _read(file: pathlib.Path) -> str:
    """Returns the text of a file; raises ValueError where it has none."""
    try:
        data = read_bytes(file)
    except (OSError, ValueError) as error:
        raise _refused(f"{file} can't be read: {one_line(error)}.") from None
    try:
        text = data.decode("utf-8-sig")  # without the mark that some editors write
    except UnicodeDecodeError as error:
        raise _refused(
            f"{file} must be text in UTF-8, got byte 0x{data[error.start]:02x} at "
            f"place {error.start}."
        ) from None
    if not text.strip():
        raise _refused(f"{file} must hold text, got {len(data)} bytes without any.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refused(reason: str) -> ValueError:
    # Names of files may be long, and hold line breaks.
    return ValueError(as_line(reason, 500))
