"""Image data sets as arrays, loaded by name."""

import dataclasses
from collections.abc import Callable

import numpy as np

from nao.data import digits


@dataclasses.dataclass(frozen=True)
class ImageDataset:
    """Images in three fixed parts.

    Attributes:
        name: Name it was loaded by.
        num_classes: Number of classes; labels are 0 .. num_classes - 1.
        train_images: uint8 or float32 [num, height, width, channels].
        train_labels: int32 [num].
        validation_images: Images that a search compares architectures on.
        validation_labels: Their labels.
        test_images: Images that only a final choice is measured on.
        test_labels: Their labels.
        mean: Per-channel mean of the training images, float32 [channels].
        deviation: Their per-channel standard deviation, float32 [channels].
    """

    name: str
    num_classes: int
    train_images: np.ndarray
    train_labels: np.ndarray
    validation_images: np.ndarray
    validation_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    mean: np.ndarray = dataclasses.field(init=False)
    deviation: np.ndarray = dataclasses.field(init=False)

    def __post_init__(self):
        for part in ("train", "validation", "test"):
            images = getattr(self, f"{part}_images")
            labels = getattr(self, f"{part}_labels")
            if images.ndim != 4 or images.shape[1:] != self.train_images.shape[1:]:
                raise ValueError(
                    "Images must be [num, height, width, channels], of one size in "
                    f"all parts, got shape {images.shape} in {part}."
                )
            if labels.shape != images.shape[:1] or not len(labels):
                raise ValueError(
                    f"Every part needs images and as many labels, got {len(images)} "
                    f"images and labels of shape {labels.shape} in {part}."
                )
            if labels.min() < 0 or labels.max() >= self.num_classes:
                raise ValueError(
                    f"labels must be in [0, {self.num_classes}), got {labels.min()} "
                    f"to {labels.max()} in {part}."
                )
        axes = (0, 1, 2)
        mean = self.train_images.mean(axes, dtype=np.float64)
        # A channel of one value stays at a deviation of 1: nothing to scale.
        deviation = self.train_images.std(axes, dtype=np.float64)
        deviation = np.where(deviation > 0, deviation, 1.0)
        object.__setattr__(self, "mean", mean.astype(np.float32))
        object.__setattr__(self, "deviation", deviation.astype(np.float32))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.train_images.shape[1:]


# Each loader returns the fields of an ImageDataset after its name.
DATASETS: dict[str, Callable[[], dict]] = {"digits": digits.load}


def load(name: str) -> ImageDataset:
    """Returns the data set registered under `name`.

    Raises:
        ValueError: If the name is unknown.
    """
    if name not in DATASETS:
        raise ValueError(
            f"Unknown data set {name!r}; known: {', '.join(sorted(DATASETS))}."
        )
    return ImageDataset(name=name, **DATASETS[name]())
