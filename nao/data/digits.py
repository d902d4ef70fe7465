"""Handwritten digits, 1,797 grey images of 8x8, as scikit-learn carries them.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
"""

import numpy as np

NUM_TRAIN, NUM_VALIDATION = 1024, 384  # 389 are left for the test


def load(path: str = "") -> dict:
    """Returns the fields of an `ImageDataset`; the parts are always the same.

    Raises:
        ValueError: If a path is given: the images come with scikit-learn.
    """
    if path:
        raise ValueError(
            "data.name=digits has no data.path; folder or npz reads your own images, "
            f"got {path!r}."
        )
    # Only here, so that other data sets work without scikit-learn.
    from sklearn import datasets

    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = data.images.astype(np.uint8)[order, ..., None]
    labels = data.target.astype(np.int32)[order]
    fields = {"num_classes": 10}
    start = 0
    for part, stop in (
        ("train", NUM_TRAIN),
        ("validation", NUM_TRAIN + NUM_VALIDATION),
        ("test", len(labels)),
    ):
        fields[f"{part}_images"] = images[start:stop]
        fields[f"{part}_labels"] = labels[start:stop]
        start = stop
    return fields
