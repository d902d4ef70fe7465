"""Random changes to training images, inside jit.

How much each changes is traced: training with and without it is one compiled program.
Images come normalised by the mean of the training part, so the zeros that come in are
the mean colour.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nao.types import Array


class Augmentation(NamedTuple):
    """What is done to training images; zeros change nothing."""

    max_shift: Array | int = 0  # int32 scalar, pixels
    flip: Array | int = 0  # int32 scalar, whether half of the images are mirrored
    cutout: Array | int = 0  # int32 scalar, side of the square in pixels


def augment(key: Array, images: Array, augmentation: Augmentation) -> Array:
    """Shifts, flips and cuts out each image by draws of its own.

    Args:
        key: The draws. Those of `shift` are the same as without the others.
        images: float32 [num, height, width, channels], normalised.
        augmentation: How much.

    Returns:
        The changed images, same shape and dtype.
    """
    # `shift` draws from the key itself, which JAX splits in two: the numbers 0 and 1
    # folded in would repeat its bits.
    images = shift(key, images, augmentation.max_shift)
    images = flip(jax.random.fold_in(key, 2), images, augmentation.flip)
    return cutout(jax.random.fold_in(key, 3), images, augmentation.cutout)


def shift(key: Array, images: Array, max_shift: Array | int) -> Array:
    """Shifts each image by up to `max_shift` pixels in each direction, zeros coming in.

    The same as padding it and cropping at random, by indices rather than a padded copy,
    whose size would depend on the shift.
    """
    num = images.shape[0]
    shifts = jax.random.randint(key, (2, num, 1), -max_shift, max_shift + 1)
    for axis, offset in zip((1, 2), shifts, strict=True):
        size = images.shape[axis]
        source = jnp.arange(size) + offset  # [num, size]
        shape = [num, 1, 1, 1]
        shape[axis] = size
        inside = ((source >= 0) & (source < size)).reshape(shape)
        taken = jnp.clip(source, 0, size - 1).reshape(shape)
        images = jnp.take_along_axis(images, taken, axis) * inside
    return images


def flip(key: Array, images: Array, enabled: Array | int) -> Array:
    """Mirrors each image left to right with probability 1/2; none where not enabled."""
    chosen = jax.random.bernoulli(key, shape=(images.shape[0], 1, 1, 1))
    return jnp.where(chosen & (jnp.asarray(enabled) != 0), images[:, :, ::-1], images)


def cutout(key: Array, images: Array, size: Array | int) -> Array:
    """Sets a square of each image to zero (DeVries & Taylor, 2017, arXiv:1708.04552).

    Its centre is uniform over the image and its border clipped, as published. There an
    odd side loses a pixel to rounding; here it is `size` whatever it is.
    """
    num, height, width, _ = images.shape
    inside = jnp.ones((num, 1, 1), bool)
    for axis_key, axis, length in zip(
        jax.random.split(key), (1, 2), (height, width), strict=True
    ):
        centre = jax.random.randint(axis_key, (num, 1), 0, length)
        start = centre - size // 2
        position = jnp.arange(length)
        covered = (position >= start) & (position < start + size)  # [num, length]
        inside &= jnp.expand_dims(covered, 3 - axis)
    return jnp.where(inside[..., None], 0, images)
