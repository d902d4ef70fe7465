"""Images of noise: what children read where only their time is measured."""

import numpy as np

from nao import data
from nao.child import ImageTask

NUM_CLASSES = 10


def random_task(num: int, size: int = 32, channels: int = 3) -> ImageTask:
    """Returns the task to tell the classes of `num` random images in each part.

    Args:
        num: Images of a part.
        size: Their height and width in pixels.
        channels: 3 for colours, 1 for grey.
    """
    rng = np.random.default_rng(0)
    splits = []
    for _ in data.PARTS:
        images = rng.integers(0, 256, (num, size, size, channels)).astype(np.uint8)
        labels = np.arange(num, dtype=np.int32) % NUM_CLASSES
        splits.append(data.Split(images, labels))
    return ImageTask.of(data.ImageDataset("random", NUM_CLASSES, *splits))
