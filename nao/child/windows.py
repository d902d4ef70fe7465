"""What the windows of a convolution or a pooling read of an image.

Images are [batch, height, width, channels]. Padding keeps the size at stride 1: one
pixel on every side for 3x3, and for 2x2 one below and to the right.
"""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.types import Array

# Up to this many pixels, 8x8, a kernel spread out into a matrix is the faster form on
# CPU.
_SMALL_IMAGE = 64
DIMENSIONS = ("NHWC", "HWIO", "NHWC")  # of images, kernels and images


def is_small(x: Array) -> bool:
    """Says whether images have so few pixels that matrices over them are faster."""
    return x.shape[1] * x.shape[2] <= _SMALL_IMAGE


def margins(size: int, dilation: int = 1) -> tuple[int, int]:
    """Padding before and after: the same for odd sizes, one more after for even."""
    extent = (size - 1) * dilation
    return extent // 2, extent - extent // 2


def pad(
    x: Array, kernel_size: tuple[int, int], dilation: int = 1, value: float = 0.0
) -> Array:
    """Pads images for a kernel of so many rows and columns."""
    rows, columns = (margins(size, dilation) for size in kernel_size)
    # The last of each: none between.
    amounts = ((0, 0, 0), (*rows, 0), (*columns, 0), (0, 0, 0))
    return lax.pad(x, jnp.asarray(value, x.dtype), amounts)


def taps(size: int, kernel_size: int, stride: int, dilation: int = 1) -> np.ndarray:
    """Returns float32 [kernel_size, out, size]: 1 where a tap reads a pixel."""
    out, (before, _) = -(-size // stride), margins(kernel_size, dilation)
    # [kernel_size, out]: the pixel that a tap reads, outside the image in the padding.
    read = np.arange(out) * stride + np.arange(kernel_size)[:, None] * dilation - before
    return (read[..., None] == np.arange(size)).astype(np.float32)


def slices(x: Array, kernel_size, strides, dilation: int = 1) -> Iterator[Array]:
    """Yields what each tap of a kernel reads of an image padded with zeros."""
    (rows, columns), (height, width) = kernel_size, x.shape[1:3]
    x = pad(x, kernel_size, dilation)
    # Row by row, as kernels are reshaped to [taps, ...].
    for i in range(0, rows * dilation, dilation):
        for j in range(0, columns * dilation, dilation):
            yield x[:, i : i + height : strides[0], j : j + width : strides[1]]
