"""Digits among pieces of others: made at run time, equal on every machine."""

import numpy as np
import pytest

from nao.data import cluttered_digits, dataset, digits
from nao.data.split import Split


def test_parts_are_fixed_and_made_of_other_digits_each():
    data = dataset.load("cluttered_digits")
    sizes = tuple(len(part.labels) for part in data.splits.values())
    assert sizes == cluttered_digits.NUM_IMAGES
    assert data.image_shape == (cluttered_digits.SIZE, cluttered_digits.SIZE, 1)
    assert data.num_classes == 10 and data.train.images.dtype == np.uint8
    # No more of one class than the digits that they are made of have.
    for part, source in digits.load()[0].items():
        of_source = np.bincount(source.labels) / len(source.labels)
        made = getattr(data, part).labels
        np.testing.assert_allclose(np.bincount(made) / len(made), of_source, atol=0.01)


def test_images_are_the_same_on_every_machine():
    """Runs record the hash, and continue only on the same images."""
    assert dataset.load("cluttered_digits").sha256() == (
        "f7ea9a1dfecb660bb9ce5f57f9fc2396324c3f3ed93279f577df7683f78a176a"
    )


def test_an_image_is_a_digit_over_pieces_and_noise(rng):
    """Of one digit, all white: its square is lighter than 255 less twice the noise."""
    source = Split(np.full((1, 8, 8, 1), 16, np.uint8), np.array([3], np.int32))
    made = cluttered_digits._make(rng, source, 50)
    assert set(made.labels) == {3}
    white = made.images >= 255 - 2 * cluttered_digits.NOISE
    assert white.sum((1, 2, 3)).min() >= 64
    # Without pieces it would be 64 in each; all places are drawn.
    assert white.sum((1, 2, 3)).max() > 64
    assert white.any(0).all() and not white.all(0).all()
    assert made.images.min() == 0 and made.images.max() == 255


def test_a_path_is_refused():
    with pytest.raises(
        ValueError, match=r"data\.name=cluttered_digits has no data.path"
    ):
        dataset.load("cluttered_digits", "x")
