import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    splits = parts.complete(source(5), 0.1)
    assert [len(splits[part].labels) for part in PARTS] == [3, 1, 1]
    with pytest.raises(
        ValueError, match=r"3 images can't be .* each of the 3 classes\."
    ):
        parts.complete(source(3), 0.1)
    with pytest.raises(ValueError, match="2 images can't be cut into validation and"):
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


def of_classes(*counts, **others):
    """So many images of each class; their only pixel is their number."""
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.arange(len(labels)).reshape(-1, 1, 1, 1)
    return {"train": Split(images, labels)} | others


def counts(splits):
    """Images of each class in each part."""
    num = max(split.labels.max() for split in splits.values()) + 1
    return [np.bincount(splits[part].labels, minlength=num).tolist() for part in PARTS]


def test_classes_are_cut_in_equal_shares():
    """A random tenth of 100 images had between 4 and 16 of a class of half of them."""
    assert counts(parts.complete(of_classes(50, 30, 20), 0.1)) == [
        [40, 24, 16],
        [5, 3, 2],
        [5, 3, 2],
    ]


def test_a_rare_class_is_trained_before_it_is_measured(caplog):
    """Two images beside 200 were in training and test, or in none but validation."""
    splits = parts.complete(of_classes(200, 2), 0.1)
    assert counts(splits) == [[160, 2], [20, 0], [20, 0]]
    parts.warn_of_absent_classes(splits)
    assert [record.getMessage() for record in caplog.records] == [
        "Not every part has images of every class, counted from 0: "
        "validation lacks 1; test lacks 1."
    ]
    # Three are enough for each part, though a tenth of them is less than one.
    splits = parts.complete(of_classes(200, 3), 0.1)
    assert counts(splits) == [[162, 1], [19, 1], [19, 1]]
    caplog.clear()
    parts.warn_of_absent_classes(splits)
    assert not caplog.records


def test_no_class_is_measured_that_is_not_trained(caplog):
    """Of 1,200 classes of two images, 35 were validated and never trained."""
    splits = parts.complete(of_classes(*[2] * 1200), 0.1)
    train, validation, test = map(np.array, counts(splits))
    assert train.sum() == 1920 and validation.sum() == test.sum() == 240
    assert train.min() == 1
    # At random, not the first ones: neighbours are often alike.
    assert validation[:600].any() and validation[600:].any()
    parts.warn_of_absent_classes(splits)
    (record,) = caplog.records
    assert "and 950 others; test lacks" in record.getMessage()


def test_parts_are_smaller_where_training_would_lose_a_class():
    """100 classes of one image and one of 11: 10 can go, not twice 22."""
    assert [
        sum(part) for part in counts(parts.complete(of_classes(11, *[1] * 100), 0.2))
    ] == [101, 5, 5]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    num=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    share=st.floats(0.01, 0.49),
    has_test=st.booleans(),
)
def test_any_classes_are_cut_without_loss(num, share, has_test):
    splits = of_classes(*num)
    train = splits["train"]
    splits |= {"test": train} if has_test else {}
    own = PARTS[: 3 - has_test]
    try:
        splits = parts.complete(splits, share)
    except ValueError:
        assert sum(num) - len(num) < len(own) - 1
        return
    images = [splits[part].images.ravel() for part in own]
    np.testing.assert_array_equal(np.sort(np.concatenate(images)), np.arange(sum(num)))
    cut = np.array(counts(splits))[: len(own)]
    assert cut[0].min() >= 1
    size = min(max(1, round(share * sum(num))), (sum(num) - len(num)) // (len(own) - 1))
    assert cut[1:].sum(1).tolist() == [size] * (len(own) - 1)
    if size >= len(num):
        assert cut[:, np.array(num) >= len(own)].all()


def test_a_limit_keeps_classes(caplog):
    """10 of 110 images left out a class of ten, one time in three."""
    few = parts.limit(of_classes(100, 10), "train", 11)["train"]
    np.testing.assert_array_equal(np.bincount(few.labels), [10, 1])
    one_each = parts.limit(of_classes(*[5] * 20), "train", 20)["train"]
    assert len(set(one_each.labels)) == 20


def test_limits_of_two_parts_keep_the_same_classes():
    splits = of_classes(*[5] * 20, validation=of_classes(*[3] * 20)["train"])
    for part in ("train", "validation"):
        splits = parts.limit(splits, part, 7)
    assert len(set(splits["train"].labels)) == 7
    assert set(splits["train"].labels) == set(splits["validation"].labels)
