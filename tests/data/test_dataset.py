import numpy as np
import pytest

from nao.data import dataset


def _fields(**changes):
    fields = {"name": "toy", "num_classes": 2}
    for part in ("train", "validation", "test"):
        fields[f"{part}_images"] = np.zeros((2, 3, 3, 1), np.uint8)
        fields[f"{part}_labels"] = np.array([0, 1], np.int32)
    return fields | changes


def test_normalisation_comes_from_the_training_part():
    """Training pixels 0 and 4: mean 2, deviation 2; test pixels do not matter."""
    train = np.zeros((2, 1, 1, 1), np.uint8)
    train[1] = 4
    other = np.full((2, 1, 1, 1), 9, np.uint8)
    data = dataset.ImageDataset(
        **_fields(train_images=train, validation_images=other, test_images=other)
    )
    np.testing.assert_allclose([data.mean, data.deviation], [[2], [2]])


def test_constant_channel_is_not_divided_by_zero():
    assert dataset.ImageDataset(**_fields()).deviation == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_images": np.zeros((2, 4, 3, 1))}, "of one size"),
        ({"test_labels": np.zeros(3, np.int32)}, "as many labels"),
        ({"test_labels": np.array([0, 2])}, r"in \[0, 2\), got 0 to 2 in test"),
    ],
)
def test_inconsistent_parts_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataset.ImageDataset(**_fields(**changes))


def test_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match="'digit'; known: digits"):
        dataset.load("digit")
