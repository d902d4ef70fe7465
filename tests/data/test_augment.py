import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.data import augment
from nao.data.augment import Augmentation

# Compiled whole: each of their operations would be a program of its own.
shift, flip, cutout = map(jax.jit, (augment.shift, augment.flip, augment.cutout))
changed_by = jax.jit(augment.augment)


@pytest.fixture
def images():
    """No pixel is zero, so that a zero has come in."""
    drawn = np.random.default_rng(0).uniform(1, 2, (200, 6, 5, 2))
    return jnp.asarray(drawn, jnp.float32)


KEY = jax.random.key(3)


def test_nothing_changes_at_zero(images):
    same = changed_by(KEY, images, Augmentation())
    np.testing.assert_array_equal(same, images)


def test_shifts_are_crops_of_the_padded_image(images):
    """All 9 shifts of up to one pixel occur, and nothing but them."""
    shifted = np.asarray(shift(KEY, images, 1))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    crops = [padded[:, y : y + 6, x : x + 5] for y in range(3) for x in range(3)]
    matches = np.array([(shifted == crop).all((1, 2, 3)) for crop in crops])
    np.testing.assert_array_equal(matches.sum(0), 1)
    assert matches.any(1).all()


def test_the_draws_of_a_shift_stay():
    """A change of them would change every trained child."""
    image = jnp.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    shifted = shift(jax.random.key(0), jnp.repeat(image, 3, 0), 1)
    expected = [
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        [[0, 0, 0], [2, 3, 0], [5, 6, 0]],
        [[0, 4, 5], [0, 7, 8], [0, 0, 0]],
    ]
    np.testing.assert_array_equal(shifted[..., 0], expected)


def test_half_of_the_images_are_mirrored(images):
    """Of 200 draws at 1/2, 100 with a deviation of 7; five of them are allowed."""
    flipped = np.asarray(flip(KEY, images, 1))
    mirrored = (flipped == images[:, :, ::-1]).all((1, 2, 3))
    same = (flipped == images).all((1, 2, 3))
    np.testing.assert_array_equal(mirrored ^ same, True)
    assert 65 < mirrored.sum() < 135


@pytest.mark.parametrize("size", [1, 2, 3, 20])
def test_cutout_is_a_square_clipped_at_the_border(images, size):
    """Side 3 around centre 0 covers pixels 0 and 1, around centre 2 pixels 1 to 3."""
    changed = np.asarray(cutout(KEY, images, size))
    gone = changed == 0
    np.testing.assert_array_equal(changed[~gone], np.asarray(images)[~gone])
    squares = {
        axis: {
            tuple(int(start <= p < start + size) for p in range(length))
            for start in range(-(size // 2), length - size // 2)
        }
        for axis, length in ((1, 6), (2, 5))
    }
    for one in gone:
        rows, columns = one.any((1, 2)), one.any((0, 2))
        np.testing.assert_array_equal(
            one, np.broadcast_to((rows[:, None] & columns)[..., None], one.shape)
        )
        for axis, line in ((1, rows), (2, columns)):
            squares[axis].discard(tuple(line.astype(int)))
            assert 0 < line.sum() <= size
    assert squares == {1: set(), 2: set()}  # every centre occurred


def test_shifts_are_the_same_without_the_others(images):
    alone = shift(KEY, images, 2)
    both = changed_by(KEY, images, Augmentation(2, 0, 1))
    changed = np.asarray(alone != both).any(-1).sum((1, 2))
    assert changed.max() == 1
    np.testing.assert_array_equal(changed_by(KEY, images, Augmentation(2)), alone)


def test_flips_do_not_follow_from_shifts():
    """Half of the 2,000 shifted either way are mirrored, within five deviations."""
    columns = jnp.arange(1.0, 6.0).reshape(1, 1, 5, 1)
    images = jnp.broadcast_to(columns, (6000, 3, 5, 1))
    done = np.asarray(changed_by(KEY, images, Augmentation(1, 1)))[..., 0]
    mirrored = done[:, 1, 1] > done[:, 1, 3]
    for edge in (0, 2):
        rows = (done[:, edge] == 0).all(-1)
        assert 1500 < rows.sum() < 2500
        assert abs(mirrored[rows].mean() - 0.5) < 2.5 / np.sqrt(rows.sum())


def test_jitted_equals_eager_in_one_program(images):
    compiled = jax.jit(lambda *args: augment.augment(*args))
    for values in ((0, 0, 0), (2, 1, 3), (1, 0, 2)):
        augmentation = Augmentation(*(np.int32(value) for value in values))
        np.testing.assert_array_equal(
            compiled(KEY, images, augmentation),
            augment.augment(KEY, images, augmentation),
        )
    assert compiled._cache_size() == 1
