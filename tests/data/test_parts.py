import numpy as np
import pytest

from nao.data import parts
from nao.data.split import PARTS, Split


def source(num, **others):
    """Images whose only pixel is their number."""
    images = np.arange(num, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return {"train": Split(images, np.arange(num) % 3)} | others


def numbers(splits, part):
    images = splits[part].images.ravel()
    np.testing.assert_array_equal(splits[part].labels, images % 3)
    return images.tolist()


def test_parts_that_are_missing_are_cut_from_training():
    """20 images, a share of 0.1: 2 each for validation and test, 16 stay."""
    splits = parts.complete(source(20), 0.1)
    found = [numbers(splits, part) for part in PARTS]
    assert [len(part) for part in found] == [16, 2, 2]
    assert sorted([*found[0], *found[1], *found[2]]) == list(range(20))
    assert found[0] != sorted(found[0])  # classes lie together in many sources
    assert [numbers(parts.complete(source(20), 0.1), "test")] == found[2:]


def test_parts_that_are_there_stay():
    test = Split(np.zeros((1, 1, 1, 1)), np.zeros(1))
    splits = parts.complete(source(20, test=test), 0.25)
    assert splits["test"] is test
    assert len(numbers(splits, "validation")) == 5
    whole = source(20, test=test, validation=test)
    assert parts.complete(whole, 0.25) == whole


def test_every_part_has_an_image():
    splits = parts.complete(source(3), 0.1)
    assert [len(splits[part].labels) for part in PARTS] == [1] * 3
    with pytest.raises(ValueError, match="2 images are too few to cut validation and"):
        parts.complete(source(2), 0.1)


def test_labels_must_fit_the_images():
    train = Split(source(20)["train"].images, np.zeros(19))
    with pytest.raises(ValueError, match="got 20 images and 19 labels"):
        parts.complete({"train": train}, 0.1)


def test_a_larger_limit_holds_the_images_of_a_smaller():
    few, many = (numbers(parts.limit(source(20), "train", n), "train") for n in (5, 9))
    assert (len(few), many[:5]) == (5, few)
    assert few != list(range(5))
    assert parts.limit(source(20), "train", 0)["train"].labels.shape == (20,)
    with pytest.raises(ValueError, match="num_train must be at most the 20 images"):
        parts.limit(source(20), "train", 21)
