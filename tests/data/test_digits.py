import numpy as np

from nao.data import dataset


def test_digits_have_fixed_parts():
    data = dataset.load("digits")
    sizes = [len(part.labels) for part in data.splits.values()]
    assert sizes == [1024, 384, 389]
    assert data.image_shape == (8, 8, 1)
    assert data.train.images.dtype == np.uint8
    again = dataset.load("digits")
    np.testing.assert_array_equal(data.test.images, again.test.images)
    # All classes in all parts, and no part starts like another.
    assert all(len(set(part.labels)) == 10 for part in data.splits.values())
    assert not np.array_equal(data.test.images[0], data.train.images[0])


def test_the_hash_of_digits_is_that_of_earlier_runs():
    """Runs record it, and continue only on the same images."""
    assert dataset.load("digits").sha256() == (
        "873ddc9f54e979cbdd35827fd13b1de37665037681627b606c53dce1476839d1"
    )
