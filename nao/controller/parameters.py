"""Fresh parameters from one random draw, and functions over ensembles of them.

`EncoderPredictorDecoder.init` draws the same distributions leaf by leaf, and every draw
is a program of its own to XLA: inside a fit those took longer to compile than the
gradient. One draw for all leaves compiles six times faster.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import config as config_lib
from nao.controller import networks
from nao.spaces import Space
from nao.types import Array, PyTree


def create_params(
    key: Array,
    space: Space,
    config: config_lib.ControllerConfig,
    num_objectives: int = 1,
) -> PyTree:
    """Draws parameters of one ensemble member, ready for `networks`.

    Embeddings are uniform within `networks.EMBEDDING_BOUND`, kernels uniform at
    variance 1 / inputs, biases zero.
    """
    model = networks.EncoderPredictorDecoder(space, config, num_objectives)
    tokens = jax.ShapeDtypeStruct((1, space.length), jnp.int32)
    shapes = jax.eval_shape(model.init, jax.random.key(0), tokens)["params"]
    leaves, structure = jax.tree_util.tree_flatten_with_path(shapes)
    ends = np.cumsum([leaf.size for _, leaf in leaves])
    draws = jnp.split(jax.random.uniform(key, (ends[-1],), minval=-1.0), ends[:-1])
    values = [
        draw.reshape(leaf.shape) * _bound(path[-1].key, leaf.shape)
        for draw, (path, leaf) in zip(draws, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, values)


def num_objectives(params: PyTree) -> int:
    """Returns how many numbers the predictor of some parameters predicts."""
    layers = params["predictor"]  # Dense_0, Dense_1, ..., in this order
    return layers[f"Dense_{len(layers) - 1}"]["bias"].shape[-1]


def _bound(name: str, shape: tuple[int, ...]) -> float:
    if name == "bias":
        return 0.0
    if name in ("embedding", "position"):
        return networks.EMBEDDING_BOUND
    # A kernel [inputs, outputs]; uniform within b has variance b^2 / 3.
    return math.sqrt(3 / shape[0])


def map_members(function: Callable[..., PyTree], *trees: PyTree) -> PyTree:
    """Applies a function to each ensemble member: the leading axis of `trees`.

    On CPU one member after the other: two members in one batch of matrix products took
    twice as long there, and longer to compile.
    """
    if jax.default_backend() == "cpu":
        return jax.lax.map(lambda args: function(*args), trees)
    return jax.vmap(function)(*trees)
