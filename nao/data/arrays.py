"""Images and labels in a NumPy `.npz` file.

Keys: `train_images`, `train_labels`, and the same of `validation` and `test` where
there are such parts; or `images` and `labels`, which are cut into parts.
"""

import itertools
import pathlib

import numpy as np

from nao.data.split import PARTS, Split
from nao.files import expanded, one_line, read_npz
from nao.system.showing import counted


def load(path: str) -> tuple[dict[str, Split], int]:
    """Returns the splits that the file holds, and the number of classes.

    Images are uint8 or float, [num, height, width] or [num, height, width, channels];
    labels are integers from 0.

    Raises:
        ValueError: If the file can't be read, a key is missing, or an array is not as
            it must be.
    """
    if not path:
        raise ValueError("data.name=npz needs data.path, an .npz file.")
    file = expanded(path)
    arrays = _read(file)
    keys = _find_keys(arrays, file)
    splits = {
        part: Split(
            _images(arrays.pop(images), f"{images} of {file}"),
            _labels(arrays.pop(labels), f"{labels} of {file}"),
        )
        for part, (images, labels) in keys.items()
    }
    labels = splits["train"].labels
    num_classes = int(labels.max()) + 1
    # More classes than images: labels that are ids, not numbers from 0.
    if num_classes > len(labels):
        raise ValueError(
            f"Labels must be numbered from 0, got {num_classes - 1} among "
            f"{counted(len(labels), 'training image')} of {file}."
        )
    return splits, num_classes


def _find_keys(
    arrays: dict[str, np.ndarray], file: pathlib.Path
) -> dict[str, tuple[str, str]]:
    """Returns the keys of images and labels of each part that the file has.

    Raises:
        ValueError: If there is no training part, a part lacks images or labels, or
            there are images or labels of no known part.
    """
    prefixes = {part: f"{part}_" for part in PARTS if _has(arrays, f"{part}_")}
    # Images of no part are those that all parts are cut from.
    if not prefixes and _has(arrays, ""):
        prefixes = {"train": ""}
    if "train" not in prefixes:
        raise ValueError(
            f"{file} must hold train_images and train_labels, or images and labels; "
            f"it has: {', '.join(sorted(arrays)) or 'nothing'}."
        )
    keys = {
        part: (f"{prefix}images", f"{prefix}labels")
        for part, prefix in prefixes.items()
    }
    read = list(itertools.chain(*keys.values()))
    for key in read:
        if key not in arrays:
            raise ValueError(
                f"{file} must hold {key}; it has: {', '.join(sorted(arrays))}."
            )
    # A part of another name, such as `val`, would be left out without a word.
    unused = [key for key in arrays if key.endswith(("images", "labels"))]
    unused = sorted(set(unused) - set(read))
    if unused:
        raise ValueError(
            f"{file} holds {', '.join(unused)}, which no part is read from; parts are "
            f"{', '.join(PARTS)}, or images and labels alone."
        )
    return keys


def _has(arrays: dict[str, np.ndarray], prefix: str) -> bool:
    """Returns whether there are images or labels of a part, by its prefix."""
    return f"{prefix}images" in arrays or f"{prefix}labels" in arrays


def _read(file: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        return read_npz(file)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{file} can't be read as .npz: {one_line(error, 300)}."
        ) from None


def _images(images: np.ndarray, where: str) -> np.ndarray:
    """Returns uint8 or float32 [num, height, width, channels]."""
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            "Images must be [num, height, width] or [num, height, width, channels], "
            f"got shape {images.shape} in {where}."
        )
    # [num, channels, height, width] would pass for images one or three pixels high.
    if images.shape[1] in (1, 3) and images.shape[3] > 4:
        raise ValueError(
            "Images must have their channels last, [num, height, width, channels], "
            f"got shape {images.shape} in {where}."
        )
    if images.dtype == np.uint8:
        return images
    # Bytes that a computation has made wider.
    if np.issubdtype(images.dtype, np.integer):
        if images.min() < 0 or images.max() > 255:
            raise ValueError(
                "Images of integers must be in [0, 255], got "
                f"{images.min()} to {images.max()} in {where}."
            )
        return images.astype(np.uint8)
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"Images must be integers or floats, got {images.dtype} in {where}."
        )
    if not np.isfinite(images).all():
        raise ValueError(f"Images must be finite, got NaN or infinity in {where}.")
    return images.astype(np.float32, copy=False)


def _labels(labels: np.ndarray, where: str) -> np.ndarray:
    """Returns int32 [num]."""
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"Labels must be integers, got {labels.dtype} in {where}.")
    # A column of labels is taken for what it means.
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not len(labels):
        raise ValueError(f"Labels must be [num], got shape {labels.shape} in {where}.")
    for label in (labels.min(), labels.max()):
        if not 0 <= label < 2**31:  # what int32 holds
            raise ValueError(f"Labels must be in [0, 2**31), got {label} in {where}.")
    return labels.astype(np.int32)
