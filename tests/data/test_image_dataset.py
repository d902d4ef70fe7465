import numpy as np
import pytest

from nao.data.image_dataset import ImageDataset
from nao.data.split import PARTS, Split

IMAGES = np.zeros((2, 3, 3, 1), np.uint8)
LABELS = np.array([0, 1], np.int32)


def toy(**changes):
    """Two black images a part; `changes` are splits of other images or labels."""
    splits = dict.fromkeys(PARTS, Split(IMAGES, LABELS)) | changes
    return ImageDataset("toy", 2, **splits)


def test_normalisation_comes_from_the_training_part():
    """Training pixels 0 and 4: mean 2, deviation 2; test pixels do not matter."""
    train = np.zeros((2, 1, 1, 1), np.uint8)
    train[1] = 4
    other = np.full((2, 1, 1, 1), 9, np.uint8)
    other = Split(other, LABELS)
    data = toy(train=Split(train, LABELS), validation=other, test=other)
    np.testing.assert_allclose([data.mean, data.deviation], [[2], [2]])


def test_constant_channel_is_not_divided_by_zero():
    assert toy().deviation == 1


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (Split(np.zeros((2, 4, 3, 1)), LABELS), "of one size"),
        (Split(IMAGES, np.zeros(3, np.int32)), "as many labels"),
        (Split(IMAGES, np.array([0, 2])), r"in \[0, 2\), got 0 to 2 in test"),
    ],
)
def test_inconsistent_parts_are_refused(test, message):
    with pytest.raises(ValueError, match=message):
        toy(test=test)


def test_statistics_of_many_images_are_those_of_all_at_once():
    """300 images of 20 rows are more than one chunk of rows."""
    images = np.random.default_rng(0).integers(0, 256, (300, 20, 7, 3), dtype=np.uint8)
    few = Split(images[:2], LABELS)
    train = Split(images, np.zeros(300, np.int32))
    data = toy(train=train, validation=few, test=few)
    np.testing.assert_allclose(data.mean, images.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(data.deviation, images.std((0, 1, 2)), rtol=1e-6)


def test_sizes_are_said_in_words():
    assert (
        toy().describe() == "2 train, 2 validation, 2 test images of 3x3x1, 2 classes"
    )
