"""Handwritten digits among pieces of others: images made from scikit-learn's digits.

In the manner of cluttered MNIST (Mnih et al., Recurrent Models of Visual Attention,
2014): a whole digit at a random place, pieces of other digits at others. Digits alone
are so easy that two trainings of one cell differ by as much as two cells do.
"""

import numpy as np

from nao.data import digits
from nao.data.split import PARTS, Split

SIZE = 10  # pixels, height and width
NUM_IMAGES = (1024, 1536, 1536)  # of each part
NUM_PIECES, PIECE = 3, 4  # pieces in an image, and their height and width
NOISE = 30  # each pixel is off by up to so much, of 255
_SIDE, _DEEPEST = 8, 16  # of scikit-learn's digits: pixels, and the largest value


def load(path: str = "") -> tuple[dict[str, Split], int]:
    """Returns all three splits, always the same, and the number of classes.

    An image is made of digits of its own part alone, so no part has seen another's.

    Raises:
        ValueError: If a path is given: the images come with scikit-learn.
    """
    sources, num_classes = digits.load(path, name="cluttered_digits")
    made = {
        part: _make(np.random.default_rng(seed), sources[part], num)
        for seed, (part, num) in enumerate(zip(PARTS, NUM_IMAGES, strict=True))
    }
    return made, num_classes


def _make(rng: np.random.Generator, source: Split, num: int) -> Split:
    """Makes `num` images; in whole numbers, so that they are equal on every machine."""
    images = np.zeros((num, SIZE, SIZE), np.int64)
    for _ in range(NUM_PIECES):
        others = source.images[rng.integers(len(source.labels), size=num), ..., 0]
        rows, columns = rng.integers(_SIDE - PIECE + 1, size=(2, num))
        _draw(rng, images, others[_window(rows, columns, PIECE)])
    # In turn, so that all digits are drawn equally often.
    drawn = np.resize(rng.permutation(len(source.labels)), num)
    _draw(rng, images, source.images[drawn, ..., 0])
    # Scaled to leave room for the noise.
    images = images * (255 - 2 * NOISE) // _DEEPEST + NOISE
    images += rng.integers(-NOISE, NOISE, size=images.shape, endpoint=True)
    return Split(images.astype(np.uint8)[..., None], source.labels[drawn])


def _draw(rng: np.random.Generator, images: np.ndarray, patches: np.ndarray) -> None:
    """Draws a patch [num, side, side] into each image, anywhere; the lighter stays."""
    num, side, _ = patches.shape
    rows, columns = rng.integers(SIZE - side + 1, size=(2, num))
    window = _window(rows, columns, side)
    images[window] = np.maximum(images[window], patches)


def _window(rows: np.ndarray, columns: np.ndarray, side: int) -> tuple:
    """Returns the index of a square in each image, by its upper left corners [num]."""
    inside = np.arange(side)
    return (
        np.arange(len(rows))[:, None, None],
        rows[:, None, None] + inside[:, None],
        columns[:, None, None] + inside,
    )
