"""How architectures are drawn inside a compiled step, for evaluators that learn."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from nao.spaces import Space
from nao.types import Array

# Maps the key of a round and the number of a step to an architecture, int32 [length].
# A pytree, to be an argument of the compiled step: another round's draw is other data,
# and compiles nothing.
Draw = Callable[[Array, Array], Array]

NUM_LISTED = 4096  # architectures that stand for a space with a rule


def has_rule(space: Space) -> bool:
    """Says whether not all choices of slots go together: no draw of each slot will do.

    What is valid is known on the host, not inside a compiled step.
    """
    return type(space).is_valid is not Space.is_valid


def uniform(space: Space) -> Draw:
    """Returns a draw of each slot's choices with equal probability.

    Of a space with a rule across slots, it is one of `NUM_LISTED` random architectures.
    """
    if has_rule(space):
        return one_of(space.sample(np.random.default_rng(0), NUM_LISTED))
    return Partial(_by_slot, *_choices(space))


def fair(space: Space) -> Draw:
    """Returns a draw of each choice of a slot once in as many steps as it has choices.

    Strict fairness (Chu et al., 2019, arXiv:1907.01845), in a random order that is new
    for each such block of steps, the first of which begins with step 0 of a key.

    Raises:
        ValueError: If the space has a rule across slots.
    """
    if has_rule(space):
        raise ValueError(
            "draw=fair needs a space without a rule across slots, which "
            f"{space.name!r} has; take draw=uniform."
        )
    return Partial(_in_turn, *_choices(space))


def one_of(tokens: np.ndarray) -> Draw:
    """Returns a draw of rows with equal probability, int32 [num, length]."""
    num = len(tokens)
    # To a power of two, so that most rounds' rows have the shape of those before.
    padded = np.zeros((1 << (num - 1).bit_length(), tokens.shape[1]), np.int32)
    padded[:num] = tokens
    return Partial(_row, padded, np.int32(num))


def _choices(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids of each slot's choices, int32 [length, most], and how many they are.

    Padded to one width; what is beyond a slot's number is never drawn.
    """
    num = np.array([len(ids) for ids in space.choice_ids], np.int32)
    ids = [np.resize(ids, num.max()) for ids in space.choice_ids]
    return np.array(ids, np.int32), num


def _by_slot(ids: Array, num: Array, key: Array, number: Array) -> Array:
    index = jax.random.randint(jax.random.fold_in(key, number), num.shape, 0, num)
    return _at(ids, index)


def _in_turn(ids: Array, num: Array, key: Array, number: Array) -> Array:
    num = jnp.asarray(num)
    fold_in = jax.vmap(jax.random.fold_in)
    # Slots differ in their number of choices, so each has blocks of its own.
    keys = fold_in(jax.random.split(key, len(num)), number // num)
    places = jax.vmap(lambda k: jax.random.uniform(k, ids.shape[1:]))(keys)
    is_choice = jnp.arange(ids.shape[1]) < num[:, None]
    order = jnp.argsort(jnp.where(is_choice, places, jnp.inf), axis=1)
    return _at(ids, _at(order, number % num))


def _at(rows: Array, index: Array) -> Array:
    """Returns one number of each row, [num] of [num, width]."""
    return jnp.take_along_axis(jnp.asarray(rows), index[:, None], 1)[:, 0]


def _row(tokens: Array, num: Array, key: Array, number: Array) -> Array:
    index = jax.random.randint(jax.random.fold_in(key, number), (), 0, num)
    return jnp.asarray(tokens)[index]
