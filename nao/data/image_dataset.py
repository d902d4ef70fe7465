"""Images in three fixed parts, as arrays."""

import dataclasses
from collections.abc import Callable

import numpy as np

from nao.data import parts, split
from nao.data.split import PARTS, Split
from nao.system.showing import counted

_CHUNK = 4096  # rows of pixels that are made floats at a time


@dataclasses.dataclass(frozen=True)
class ImageDataset:
    """Images in three fixed parts.

    Attributes:
        name: Name it was loaded by.
        num_classes: Number of classes; labels are 0 .. num_classes - 1.
        train: Images that networks are trained on.
        validation: Images that a search compares architectures on.
        test: Images that only a final choice is measured on.
        mean: Per-channel mean of the training images, float32 [channels].
        deviation: Their per-channel standard deviation, float32 [channels].
    """

    name: str
    num_classes: int
    train: Split
    validation: Split
    test: Split
    mean: np.ndarray = dataclasses.field(init=False)
    deviation: np.ndarray = dataclasses.field(init=False)

    def __post_init__(self):
        if self.num_classes < 2:
            raise ValueError(
                f"Images must be of two classes or more, got {self.num_classes}."
            )
        for part, own in self.splits.items():
            _check_split(part, own, self.train.images, self.num_classes)
        # Of the training part alone: nothing may be learned from images that measure.
        mean, deviation = _statistics(self.train.images)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "deviation", deviation)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.train.images.shape[1:]

    @property
    def splits(self) -> dict[str, Split]:
        """The three parts by name, in the order of `PARTS`."""
        return {part: getattr(self, part) for part in PARTS}

    def describe(self) -> str:
        """Returns the sizes of the parts and the images, and how many classes."""
        sizes = [f"{len(own.labels)} {part}" for part, own in self.splits.items()]
        height, width, channels = self.image_shape
        return (
            f"{', '.join(sizes)} images of {height}x{width}x{channels}, "
            f"{self.num_classes} classes"
        )

    def sha256(self) -> str:
        """Returns the SHA-256 of all images and labels, their shapes and types."""
        return split.sha256(split.to_arrays(self.splits))


def load(
    name: str,
    read_fn: Callable[..., tuple[dict[str, Split], int]],
    path: str,
    *,
    validation_share: float,
    num_train: int,
    num_validation: int,
    **options: int | str,
) -> ImageDataset:
    """Returns the images of a source, those of missing parts cut from training.

    Args:
        name: Name of the data set.
        read_fn: Maps the path and the options to splits by part and the number of
            classes; validation and test parts only where the source brings them.
        path: Where the images are.
        validation_share: Share of the training images that missing parts get, each.
        num_train: Training images that are kept; 0 for all.
        num_validation: Validation images that are kept; 0 for all.
        **options: What else `read_fn` takes.

    Raises:
        ValueError: If they are not there, or not as they must be.
    """
    splits, num_classes = read_fn(path, **options)
    splits = parts.complete(splits, validation_share)
    splits = parts.limit(splits, "train", num_train)
    splits = parts.limit(splits, "validation", num_validation)
    dataset = ImageDataset(name, num_classes, **splits)
    parts.warn_of_absent_classes(dataset.splits)
    return dataset


def _check_split(
    part: str, own: Split, train_images: np.ndarray, num_classes: int
) -> None:
    """Raises ValueError where a part is inconsistent, or unlike the training images."""
    images, labels = own.images, own.labels
    if images.ndim != 4 or images.shape[1:] != train_images.shape[1:]:
        raise ValueError(
            "Images must be [num, height, width, channels], of one size in all parts, "
            f"got shape {images.shape} in {part}."
        )
    if images.dtype != train_images.dtype:
        raise ValueError(
            f"Images of all parts must have one dtype, got {train_images.dtype} in "
            f"train and {images.dtype} in {part}."
        )
    if labels.shape != images.shape[:1] or not len(labels):
        raise ValueError(
            "Every part needs images and as many labels, got "
            f"{counted(len(images), 'image')} and labels of shape {labels.shape} in "
            f"{part}."
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"labels must be in [0, {num_classes}), got {labels.min()} to "
            f"{labels.max()} in {part}."
        )


def _statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of each channel, float32 [channels]."""
    width, channels = images.shape[2:]
    rows = images.reshape(-1, width * channels)  # long rows sum fastest
    num_pixels = len(rows) * width
    totals = rows.sum(0, dtype=np.float64).reshape(width, channels)
    mean = totals.sum(0) / num_pixels
    squares = np.zeros(width * channels)
    # In chunks: as floats, all images would take eight times their memory.
    for start in range(0, len(rows), _CHUNK):
        centred = rows[start : start + _CHUNK] - np.tile(mean, width)
        squares += np.einsum("ij,ij->j", centred, centred)
    deviation = np.sqrt(squares.reshape(width, channels).sum(0) / num_pixels)
    # A channel of one value stays at a deviation of 1: nothing to scale.
    deviation = np.where(deviation > 0, deviation, 1.0)
    return mean.astype(np.float32), deviation.astype(np.float32)
