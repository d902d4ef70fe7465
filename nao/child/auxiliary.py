"""The auxiliary head: a second classifier on an inner cell, in training alone.

Average pooling, two convolutions and a linear layer (Szegedy et al., 2015,
arXiv:1512.00567; as in NASNet and NAO).
"""

import jax
import jax.numpy as jnp
from jax import lax

from nao.child import parameters, primitives
from nao.child.norms import Norms
from nao.child.staged_net import NUM_STAGES
from nao.types import Array, PyTree

# As in the released code.
_POOL_SIZE, _POOL_STRIDE, _CHANNELS = 5, 3, (128, 768)


def initial(width: int, image_shape: tuple[int, int, int], num_outputs: int) -> PyTree:
    """Returns what the parameters of the head of a last stage's cell start as.

    Args:
        width: Channels of the cell's output.
        image_shape: Height, width and channels of the network's images.
        num_outputs: Number of scores.

    Raises:
        ValueError: If the cell's output is smaller than the head's pooling.
    """
    *size, _ = image_shape
    # Each reduction halves the image, rounded up; the pooling pads nothing.
    for _ in range(NUM_STAGES - 1):
        size = [-(-n // 2) for n in size]
    size = [(n - _POOL_SIZE) // _POOL_STRIDE + 1 for n in size]
    if min(size) < 1:
        raise ValueError(
            "An auxiliary head needs images of at least 17x17 pixels, got "
            f"{image_shape[0]}x{image_shape[1]}."
        )
    project, spread = _CHANNELS
    return {
        "project": parameters.conv_norm(width, project),
        # As large as the pooled image: one pixel comes out.
        "spread": parameters.conv_norm(*size, project, spread),
        "head": parameters.kernel(spread, num_outputs),
        "head_bias": parameters.zeros(num_outputs),
    }


def init_stats() -> PyTree:
    """Returns the running averages to start with."""
    names = ("project", "spread")
    return {
        name: parameters.init_running(1, c)
        for name, c in zip(names, _CHANNELS, strict=True)
    }


def apply(
    params: PyTree, stats: PyTree, x: Array, axis_name: str | None
) -> tuple[Array, PyTree]:
    """Scores a cell's output [batch, height, width, channels], in training.

    Args:
        params: As in `initial`.
        stats: As in `init_stats`.
        x: The cell's output, rectified.
        axis_name: Devices that share a batch, as a mapped axis.

    Returns:
        Scores [batch, num_outputs] and the new running averages.
    """
    size, stride = _POOL_SIZE, _POOL_STRIDE
    # Without padding, unlike the pooling of `primitives`: all windows are whole, so
    # the mean is the sum over `size**2` pixels.
    x = lax.reduce_window(
        x.astype(jnp.float32),
        0.0,
        lax.add,
        (1, size, size, 1),
        (1, stride, stride, 1),
        "VALID",
    )
    x, new = x / size**2, {}
    for name in ("project", "spread"):
        norms = Norms(params[name]["norm"], stats[name], True, axis_name)
        kernel = params[name]["kernel"]
        # The second one covers the whole image: [batch, 1, 1, channels] comes out.
        if kernel.ndim == 4:
            x = jnp.einsum("nhwc,hwcd->nd", x, kernel)[:, None, None]
        else:
            x = primitives.pointwise(x, kernel)
        x = jax.nn.relu(norms(0, x))
        new[name] = norms.running
    return x[:, 0, 0] @ params["head"] + params["head_bias"], new
