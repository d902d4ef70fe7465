"""One part of a data set, and the names that its parts have in memory and in files."""

import dataclasses
import hashlib
from collections.abc import Mapping

import numpy as np

PARTS = ("train", "validation", "test")  # in this order wherever parts are listed


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """The images of one part of a data set and their labels.

    Attributes:
        images: uint8 or float32 [num, height, width, channels].
        labels: int32 [num].
    """

    images: np.ndarray
    labels: np.ndarray

    def take(self, rows: np.ndarray) -> "Split":
        """Returns the images and labels at the indices `rows`, int [any number]."""
        return Split(self.images[rows], self.labels[rows])


def to_arrays(splits: Mapping[str, Split]) -> dict[str, np.ndarray]:
    """Returns `train_images`, `train_labels` and so on, as files name them."""
    return {
        f"{part}_{kind}": getattr(split, kind)
        for part, split in splits.items()
        for kind in ("images", "labels")
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, Split]:
    """Returns the splits whose arrays `to_arrays` named, those that are there."""
    return {
        part: Split(arrays[f"{part}_images"], arrays[f"{part}_labels"])
        for part in PARTS
        if f"{part}_images" in arrays
    }


def sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """Returns the SHA-256 of named arrays, their shapes and types."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
