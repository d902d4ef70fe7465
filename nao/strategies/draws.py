"""How architectures are drawn inside a compiled step, for evaluators that learn."""

from collections.abc import Callable

import jax
import numpy as np
from jax.tree_util import Partial

from nao.spaces import Space
from nao.types import Array

# Maps the key of a round and the number of a step to an architecture, int32 [length].
# A pytree, to be an argument of the compiled step: another round's draw is other data,
# and compiles nothing.
Draw = Callable[[Array, Array], Array]

_NUM_LISTED = 4096  # architectures that stand for a space with a rule


def uniform(space: Space) -> Draw:
    """Returns a draw of each slot's choices with equal probability.

    Of a space with a rule across slots, it is one of 4096 random architectures.
    """
    if type(space).is_valid is not Space.is_valid:
        return one_of(space.sample(np.random.default_rng(0), _NUM_LISTED))
    num = np.array([len(ids) for ids in space.choice_ids], np.int32)
    # Padded to one width; what is beyond a slot's number is never drawn.
    ids = [np.resize(ids, num.max()) for ids in space.choice_ids]
    return Partial(_by_slot, np.array(ids, np.int32), num)


def one_of(tokens: np.ndarray) -> Draw:
    """Returns a draw of rows with equal probability, int32 [num, length]."""
    num = len(tokens)
    # To a power of two, so that most rounds' rows have the shape of those before.
    padded = np.zeros((1 << (num - 1).bit_length(), tokens.shape[1]), np.int32)
    padded[:num] = tokens
    return Partial(_row, padded, np.int32(num))


def _by_slot(ids: Array, num: Array, key: Array, number: Array) -> Array:
    index = jax.random.randint(jax.random.fold_in(key, number), num.shape, 0, num)
    return jax.numpy.take_along_axis(jax.numpy.asarray(ids), index[:, None], 1)[:, 0]


def _row(tokens: Array, num: Array, key: Array, number: Array) -> Array:
    index = jax.random.randint(jax.random.fold_in(key, number), (), 0, num)
    return jax.numpy.asarray(tokens)[index]
