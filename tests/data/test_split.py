import numpy as np

from nao.data import split
from nao.data.split import PARTS, Split


def draw(num):
    images = np.random.default_rng(num).integers(0, 256, (num, 2, 3, 1), np.uint8)
    return Split(images, np.arange(num, dtype=np.int32))


def test_rows_are_taken_of_images_and_labels_alike():
    whole = draw(4)
    few = whole.take(np.array([2, 0]))
    np.testing.assert_array_equal(few.labels, [2, 0])
    np.testing.assert_array_equal(few.images, whole.images[[2, 0]])


def test_splits_come_back_from_their_arrays():
    """In the order of the parts, whatever the order of the arrays."""
    splits = {"test": draw(2), "train": draw(3)}
    arrays = split.to_arrays(splits)
    assert list(arrays) == [
        "test_images",
        "test_labels",
        "train_images",
        "train_labels",
    ]
    again = split.from_arrays(arrays)
    assert list(again) == [part for part in PARTS if part in splits]
    for part, one in again.items():
        assert one.images is splits[part].images
        assert one.labels is splits[part].labels
