"""What a network's parameters and statistics start as, before anything is drawn."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.child import primitives
from nao.child.keeping import kept
from nao.child.norms import Norms
from nao.types import Array, PyTree


class Initial(NamedTuple):
    """The shape of a parameter and the normal distribution it starts with."""

    shape: tuple[int, ...]
    mean: np.ndarray | float  # broadcast to `shape`, as the deviation is
    deviation: np.ndarray | float


def kernel(*shape: int) -> Initial:
    """Normal around 0, of variance 1 / fan in: all dimensions but the last."""
    return Initial(shape, 0.0, 1 / math.sqrt(math.prod(shape[:-1])))


def zeros(*shape: int) -> Initial:
    """Zeros."""
    return Initial(shape, 0.0, 0.0)


def scale_bias(*lead_and_channels: int) -> Initial:
    """Scales 1 and biases 0, [..., 2, channels]."""
    *lead, channels = lead_and_channels
    # [2, 1], broadcast to [..., 2, channels].
    return Initial((*lead, 2, channels), np.float32([[1.0], [0.0]]), 0.0)


def conv_norm(*shape: int) -> dict[str, Initial]:
    """A convolution of `shape` and its norm."""
    return {"kernel": kernel(*shape), "norm": scale_bias(1, shape[-1])}


def apply_pointwise(
    params: dict[str, Array],
    running: Array,
    x: Array,
    train: bool,
    axis_name: str | None,
    stride: int = 1,
) -> tuple[Array, Array]:
    """Applies (pointwise, norm), a factorized reduction at stride 2.

    Returns:
        The output and the new running averages [1, 2, channels].
    """
    norms = Norms(params.get("norm"), running, train, axis_name)
    weights = params["kernel"].astype(x.dtype)
    # At stride 2 plain pointwise convolution would drop three pixels in four.
    form = primitives.pointwise if stride == 1 else primitives.factorized_reduction
    x = norms(0, kept(form(x, weights)))
    return x, norms.running


def init_running(*lead_and_channels: int) -> Array:
    """Returns means 0 and variances 1, [..., 2, channels]."""
    *lead, channels = lead_and_channels
    start = jnp.array([[0.0], [1.0]])
    return jnp.broadcast_to(start, (*lead, 2, channels))


def stack(initial: PyTree, num: int) -> PyTree:
    """Stacks what `num` equal modules start as, along a new first axis.

    Each of them is drawn for itself.
    """

    def lead(leaf):
        return Initial((num, *leaf.shape), leaf.mean, leaf.deviation)

    return jax.tree.map(lead, initial, is_leaf=_is_initial)


def draw(key: Array, initial: PyTree) -> PyTree:
    """Draws all parameters from one stream: a generator per array compiles slowly.

    Args:
        key: Their randomness.
        initial: What they start as, `Initial` as leaves. The stream is dealt out in the
            order of `jax.tree`, in which dictionaries are sorted by name.
    """
    leaves, structure = jax.tree.flatten(initial, is_leaf=_is_initial)
    stops = np.cumsum([math.prod(leaf.shape) for leaf in leaves])
    # One normal number for each element, those that start as constants included.
    noise = jnp.split(jax.random.normal(key, (stops[-1],)), stops[:-1])
    return jax.tree.unflatten(
        structure,
        [
            leaf.mean + leaf.deviation * values.reshape(leaf.shape)
            for leaf, values in zip(leaves, noise, strict=True)
        ],
    )


def count(initial: PyTree) -> int:
    """Counts the parameters."""
    leaves = jax.tree.leaves(initial, is_leaf=_is_initial)
    return sum(math.prod(leaf.shape) for leaf in leaves)


def _is_initial(leaf: object) -> bool:
    return isinstance(leaf, Initial)
