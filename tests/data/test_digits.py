import numpy as np

from nao.data import dataset


def test_digits_have_fixed_parts():
    data = dataset.load("digits")
    parts = ("train", "validation", "test")
    sizes = [len(getattr(data, f"{part}_labels")) for part in parts]
    assert sizes == [1024, 384, 389]
    assert data.image_shape == (8, 8, 1)
    assert data.train_images.dtype == np.uint8
    again = dataset.load("digits")
    np.testing.assert_array_equal(data.test_images, again.test_images)
    # All classes in all parts, and no part starts like another.
    assert all(len(set(getattr(data, f"{part}_labels"))) == 10 for part in parts)
    assert not np.array_equal(data.test_images[0], data.train_images[0])
