"""The files of MNIST: one of images and one of labels for training and for testing.

The format is that of yann.lecun.com/exdb/mnist: two zero bytes, the type (8 for bytes),
the number of dimensions, their sizes as big-endian integers, and the bytes.
"""

import math
import pathlib
import struct

import numpy as np

from nao import files
from nao.data.split import Split

# Of each part the file of its images and that of its labels.
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
NUM_CLASSES = 10
_MAX_DIMENSIONS = 3  # of images: number, height and width


def is_folder(folder: pathlib.Path) -> bool:
    """Returns whether any of the files is in the folder."""
    return any(_find(folder, name) for names in FILES.values() for name in names)


def load(folder: pathlib.Path) -> tuple[dict[str, Split], int]:
    """Returns the splits that the four files hold, and the number of classes.

    Raises:
        ValueError: If one is missing, damaged or does not fit the others.
    """
    arrays = {
        part: [_read_from(folder, name) for name in names]
        for part, names in FILES.items()
    }
    for part, (images, labels) in arrays.items():
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise ValueError(
                f"{part} files of {folder} must be images [num, height, width] and as "
                f"many labels, got shapes {images.shape} and {labels.shape}."
            )
    splits = {
        part: Split(images[..., None], labels.astype(np.int32))
        for part, (images, labels) in arrays.items()
    }
    return splits, NUM_CLASSES


def read(path: pathlib.Path) -> np.ndarray:
    """Returns the uint8 array of one file, plain or gzip.

    Raises:
        ValueError: If it is not such a file, or damaged.
    """
    try:
        data = files.unpacked(files.read_bytes(path))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} can't be read: {files.one_line(error, 300)}."
        ) from None
    # The fourth byte is the number of dimensions, whose sizes follow in 4 bytes each.
    start = 4 + 4 * data[3] if len(data) > 3 else 4
    if data[:3] != b"\0\0\x08" or len(data) < start:
        raise ValueError(
            f"{path} must begin as MNIST's files do, 0 0 8, got {[*data[:3]]}."
        )
    if not 1 <= data[3] <= _MAX_DIMENSIONS:
        raise ValueError(
            f"{path} must have 1 to {_MAX_DIMENSIONS} dimensions, got {data[3]}."
        )
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    if len(data) - start != math.prod(shape):
        raise ValueError(
            f"{path} must hold the {math.prod(shape)} bytes of its shape {shape}, "
            f"got {len(data) - start}."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _read_from(folder: pathlib.Path, name: str) -> np.ndarray:
    path = _find(folder, name)
    if path is None:
        raise ValueError(f"{folder} must hold {name}.gz or {name}.")
    return read(path)


def _find(folder: pathlib.Path, name: str) -> pathlib.Path | None:
    """Finds a file under its published names; some copies have a dot for a dash."""
    for stem in (name, name.replace("-idx", ".idx")):
        for suffix in (".gz", ""):
            if (folder / f"{stem}{suffix}").is_file():
                return folder / f"{stem}{suffix}"
    return None
