"""Handwritten digits, 1,797 grey images of 8x8, as scikit-learn carries them.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
"""

import numpy as np

from nao.data.split import PARTS, Split

NUM_TRAIN, NUM_VALIDATION = 1024, 384  # 389 are left for the test


def load(path: str = "", name: str = "digits") -> tuple[dict[str, Split], int]:
    """Returns all three splits, always the same, and the number of classes.

    Args:
        path: Must be empty.
        name: The data set that is made of them, for the message.

    Raises:
        ValueError: If a path is given: the images come with scikit-learn.
    """
    if path:
        raise ValueError(
            f"data.name={name} has no data.path; folder or npz reads your own images, "
            f"got {path!r}."
        )
    # Only here, so that other data sets work without scikit-learn.
    from sklearn import datasets

    data = datasets.load_digits()
    # Pixels are whole numbers from 0 to 16, which scikit-learn keeps as float64.
    whole = Split(data.images.astype(np.uint8)[..., None], data.target.astype(np.int32))
    order = np.random.default_rng(0).permutation(len(data.target))
    rows = np.split(order, [NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION])
    return {part: whole.take(r) for part, r in zip(PARTS, rows, strict=True)}, 10
