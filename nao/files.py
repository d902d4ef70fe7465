"""Files: written whole or not at all, read with an error that says what is wrong."""

import contextlib
import gzip
import io
import json
import math
import os
import pathlib
import re
import reprlib
import stat
import struct
import zipfile
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

import numpy as np
import pydantic

# Text, images and labels shrink 3 to 100 times; zeros alone shrink 1,000 times. What
# unpacks to more than both of these is damaged, or made to fill the memory.
_MAX_EXPANSION = 200
_ALWAYS_UNPACKED = 2**28  # bytes that any machine has room for
_BLOCK = 2**20  # bytes, between two looks at how much was unpacked
_ZIP_END = struct.Struct("<4s4H2LH")  # zip's last record; entry 4: number of members
_ZIP64 = 0xFFFF  # what that number is where there are more
_NOT_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


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


def write_json(path: pathlib.Path, data: Mapping, indent: int = 2) -> None:
    """Writes a JSON object to a file, which is there whole or not at all.

    Raises:
        OSError: If it can't be written.
        ValueError: If a number is not finite.
    """
    text = json.dumps(data, indent=indent, allow_nan=False) + "\n"
    with written_whole(path) as temporary:
        temporary.write_text(text)


def not_written(path: str | os.PathLike, error: OSError) -> ValueError:
    """Returns the error, of one line, of a file or folder that can't be written."""
    reason = error.strerror or error
    return ValueError(f"{os.fspath(path)} can't be written: {reason}.")


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


def as_tuples(value: Any) -> Any:
    """Returns a JSON value whose lists, inner ones too, are tuples again."""
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


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
        data = parse_object(read_bytes(path))
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


def one_line(error: BaseException, limit: int = 500) -> str:
    """Returns what an error says in one line; of a longer one its beginning and end."""
    return as_line(_says(error), limit)


def first_line(error: BaseException, limit: int = 500) -> str:
    """Returns the first line of what an error says, where a library's are pages."""
    return as_line(_says(error).splitlines()[0], limit)


def _says(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text.strip() or type(error).__name__


def as_line(text: str, limit: int) -> str:
    """Returns a text in one line; of a longer one its beginning and end."""
    # Names of files and columns may hold whatever moves a terminal's cursor.
    text = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in " ".join(text.splitlines())
    )
    if len(text) <= limit:
        return text
    half = (limit - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def check_regular(path: pathlib.Path) -> None:
    """Checks that a path is a file, so that reading it ends.

    Raises:
        OSError: If nothing is there.
        ValueError: If it is a folder, a named pipe, a device or the like.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = _NOT_FILES.get(stat.S_IFMT(mode), "something else")
        raise ValueError(f"it is {kind}, not a file")


def read_bytes(path: pathlib.Path) -> bytes:
    """Returns what a file holds; raises as `check_regular` does."""
    check_regular(path)
    return path.read_bytes()


def unpacked(data: bytes) -> bytes:
    """Unpacks gzip, whatever the file's name; returns all else as it is.

    Raises:
        ValueError: If it is damaged, or unpacks to far more than data do.
    """
    if data[:2] != b"\x1f\x8b":  # what gzip files begin with
        return data
    blocks, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                _check_unpacked(size, len(data))
                blocks.append(block)
    except Exception as error:  # the many that readers raise at damaged bytes
        raise ValueError(one_line(error)) from None
    return b"".join(blocks)


def _check_unpacked(size: int, packed: int) -> None:
    """Raises ValueError where `packed` bytes unpack to more than data do."""
    limit = max(_ALWAYS_UNPACKED, _MAX_EXPANSION * packed)
    if size > limit:
        raise ValueError(
            f"its {packed:,} bytes unpack to more than {limit:,}; if that is right, "
            "give it unpacked"
        )


def read_npz(
    path: pathlib.Path, names: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Reads arrays of an `.npz` file.

    Args:
        path: The file.
        names: Names of the arrays that are read; None for all.

    Raises:
        OSError: If it can't be opened.
        ValueError: If it is damaged in whatever way, lacks one of the names, holds
            something else, or claims more bytes than it can hold.
    """
    check_regular(path)
    with path.open("rb") as file:
        try:
            _check_npz(file)
            file.seek(0)
            with np.load(file, allow_pickle=False) as loaded:
                return {n: loaded[n] for n in (names or loaded.files)}
        except Exception as error:  # the many that readers raise at damaged bytes
            raise ValueError(one_line(error)) from None


def _check_npz(file: IO[bytes]) -> None:
    """Compares claims with sizes, before any memory is taken for an array."""
    prefix = np.lib.format.MAGIC_PREFIX
    if file.read(len(prefix)) == prefix:
        raise ValueError("it holds one array; numpy.savez writes several")
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        # A damaged entry may swallow the next ones, of which zipfile says nothing.
        file.seek(size - len(archive.comment) - _ZIP_END.size)
        num = _ZIP_END.unpack(file.read(_ZIP_END.size))[4]
        if num not in (len(members), _ZIP64):
            raise ValueError(f"it must list {num} arrays, got {len(members)}")
        _check_unpacked(sum(member.file_size for member in members), size)
        for member in members:
            with archive.open(member) as opened:
                _check_array(opened, member)


def _check_array(opened: IO[bytes], member: zipfile.ZipInfo) -> None:
    """Raises ValueError where a member is no array, or not of its shape's size."""
    name = member.filename.removesuffix(".npy")
    prefix = np.lib.format.MAGIC_PREFIX
    if opened.read(len(prefix)) != prefix:
        raise ValueError(f"{name} is no array")
    opened.seek(0)
    # Later versions differ from the second in how they encode names of fields alone.
    if np.lib.format.read_magic(opened) == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(opened)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(opened)
    claimed, held = math.prod(shape) * dtype.itemsize, member.file_size - opened.tell()
    # Objects are pickled, whose size says nothing; they are refused when read.
    if claimed != held and not dtype.hasobject:
        raise ValueError(
            f"{name} must hold the {claimed:,} bytes of its shape {shape}, got {held:,}"
        )


def expanded(path: str | os.PathLike) -> pathlib.Path:
    """Returns a path with `~` and `~user` replaced.

    Raises:
        ValueError: If there is no such user.
    """
    try:
        return pathlib.Path(path).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{os.fspath(path)!r} can't be found: there is no such user."
        ) from None


def cache_dir() -> pathlib.Path:
    """Returns where compiled programs and decoded data are kept between runs.

    `$NAO_CACHE_DIR`, else `nao` in the user's cache folder.
    """
    if "NAO_CACHE_DIR" in os.environ:
        return expanded(os.environ["NAO_CACHE_DIR"])
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expanded(base) / "nao"
