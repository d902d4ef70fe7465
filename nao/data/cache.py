"""Keeps decoded images between runs, in the cache folder."""

import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable

import numpy as np
from absl import logging

from nao.files import cache_dir, one_line, read_npz, written_whole

_VERSION = 2  # of what decoders return; a new number decodes everything again


def cached(
    source: pathlib.Path,
    files: Iterable[pathlib.Path],
    decode_fn: Callable[[], dict[str, np.ndarray]],
    **options: int | str,
) -> dict[str, np.ndarray]:
    """Returns what `decode_fn` returned for these files, in this run or an earlier one.

    A changed source replaces what was kept of it; a damaged cache is made anew, and a
    folder that can't be written leaves the images uncached.

    Args:
        source: Folder that the files lie in, absolute as they are.
        files: All files that are decoded. The source is unchanged while their paths,
            sizes and times of change are the same; contents are not read.
        decode_fn: Decodes them.
        **options: What else the result depends on; what was kept under other options
            stays beside it.
    """
    # Of one source and options there is one file, whatever its state: a new state
    # replaces the old one, so the folder does not grow.
    what = [str(source), options, _VERSION]
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    name = f"{source.parent.name}-{source.name}-{digest}.npz"
    path = cache_dir() / "data" / name
    fingerprint = _fingerprint(files)
    arrays = _read(path, fingerprint)
    if arrays is None:
        arrays = decode_fn()
        _write(path, arrays, fingerprint)
    return arrays


def _fingerprint(files: Iterable[pathlib.Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            stat = file.stat()
        except OSError as error:
            raise ValueError(f"{file} can't be read: {error.strerror}.") from None
        digest.update(repr((str(file), stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()


def _read(path: pathlib.Path, fingerprint: str) -> dict[str, np.ndarray] | None:
    """Returns the kept arrays; None where they are not there, old or damaged."""
    try:
        # By itself first: what is old isn't read in full.
        if read_npz(path, ["fingerprint"])["fingerprint"] != fingerprint:
            return None
        arrays = read_npz(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    # A checksum of each array is in the file, so damage anywhere in it is seen.
    except (OSError, ValueError) as error:
        logging.warning("Decoding again: %s can't be read: %s.", path, one_line(error))
        return None
    del arrays["fingerprint"]
    return arrays


def _write(path: pathlib.Path, arrays: dict[str, np.ndarray], fingerprint: str) -> None:
    """Writes a file that is there whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez(file, fingerprint=fingerprint, **arrays)
    except OSError as error:
        logging.warning("Decoded images are not kept: %s.", error)
