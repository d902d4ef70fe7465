"""One jitted program per fit: all epochs, all batches, all ensemble members.

The pool lies on the device, padded to a capacity, and the number of real rows is a
traced number: the loop over batches runs as often as those need. So one compilation
serves every pool size up to the capacity, at a cost proportional to the pool.
"""

import functools
from typing import NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import optax

from nao.controller import config as config_lib
from nao.controller import losses, networks, parameters
from nao.spaces import Space
from nao.types import Array, PyTree

MIN_CAPACITY = 1024  # rows; a larger pool doubles it


class History(NamedTuple):
    """Losses of a fit, float32 [ensemble, num_epochs] each, means over batches."""

    loss: Array
    prediction: Array
    reconstruction: Array


class Pool(NamedTuple):
    """A padded pool; every row, padding too, is a legal sequence.

    Attributes:
        tokens: int32 [num_variants, capacity, length]; the variants of a row describe
            the same architecture.
        targets: float32 [capacity].
        num: Real rows, which come first; int32 scalar.
        unlabelled: int32 [unlabelled_capacity, length].
        num_unlabelled: Real rows of `unlabelled`, int32 scalar.
    """

    tokens: np.ndarray
    targets: np.ndarray
    num: np.ndarray
    unlabelled: np.ndarray
    num_unlabelled: np.ndarray


def pad_pool(tokens: np.ndarray, targets: np.ndarray, unlabelled: np.ndarray) -> Pool:
    """Pads a pool to its capacity.

    Args:
        tokens: int32 [num_variants, num, length].
        targets: float32 [num].
        unlabelled: int32 [num_unlabelled, length]; may have no rows.

    Returns:
        The pool; capacities are `MIN_CAPACITY` times a power of two.
    """
    num, num_unlabelled = tokens.shape[1], len(unlabelled)
    capacity = _capacity(num)
    rows = np.minimum(np.arange(capacity), num - 1)  # padding repeats the last row
    if num_unlabelled:
        unlabelled_rows = np.arange(_capacity(num_unlabelled)) % num_unlabelled
        unlabelled = np.asarray(unlabelled, np.int32)[unlabelled_rows]
    return Pool(
        np.asarray(tokens, np.int32)[:, rows],
        np.pad(np.asarray(targets, np.float32), (0, capacity - num)),
        np.int32(num),
        unlabelled,
        np.int32(num_unlabelled),
    )


def _capacity(num: int) -> int:
    return max(MIN_CAPACITY, 1 << (num - 1).bit_length())


def shuffle(key: Array, capacity: int, num: Array) -> Array:
    """Returns a random order of rows 0 to num - 1, then the padding, [capacity]."""
    position = jnp.arange(capacity)
    draws = jax.random.uniform(key, (capacity,))
    return jnp.argsort(jnp.where(position < num, draws, 2.0))


def make_optimiser(
    config: config_lib.ControllerConfig, num_steps: Array
) -> optax.GradientTransformation:
    """Returns Adam with clipping, decay and schedule over a traced number of steps."""

    def learning_rate(step):
        if config.schedule == "constant":
            return config.learning_rate
        progress = jnp.minimum(step / jnp.maximum(num_steps, 1), 1.0)
        return config.learning_rate * 0.5 * (1 + jnp.cos(jnp.pi * progress))

    decay = [optax.add_decayed_weights(config.weight_decay)]
    before, after = ([], decay) if config.decoupled else (decay, [])
    return optax.chain(
        optax.clip_by_global_norm(config.grad_clip),
        *before,
        optax.scale_by_adam(),
        *after,
        optax.scale_by_learning_rate(learning_rate),
    )


def _make_loss_fn(space: Space, config: config_lib.ControllerConfig):
    model = networks.EncoderPredictorDecoder(space, config)
    legal = space.legal if config.masked_loss else None

    def loss_fn(params, key, tokens, targets, weights):
        """Joint loss of labelled rows, then unlabelled ones."""
        num = len(targets)
        predictions, logits = model.apply(
            {"params": params}, tokens, is_training=True, rngs={"dropout": key}
        )
        prediction = losses.prediction(
            predictions[:num], targets, weights, config.ranking_weight
        )
        weights = jnp.pad(weights, (0, len(tokens) - num), constant_values=1.0)
        reconstruction = losses.reconstruction(logits, tokens, weights, legal)
        loss = losses.joint(prediction, reconstruction, config.trade_off)
        return loss, History(loss, prediction, reconstruction)

    return loss_fn


def _fit_member(
    key: Array, pool: Pool, space: Space, config: config_lib.ControllerConfig
) -> tuple[PyTree, History]:
    num_variants, capacity, _ = pool.tokens.shape
    batch_size = min(config.batch_size, capacity)
    num_batches = (pool.num + batch_size - 1) // batch_size
    init_key, epochs_key = jax.random.split(key)
    # Parameters are one flat vector here, so the optimiser is a few operations to
    # compile and to dispatch rather than a few per layer.
    params, unflatten = jax.flatten_util.ravel_pytree(
        parameters.create_params(init_key, space, config)
    )
    optimiser = make_optimiser(config, num_batches * config.num_epochs)
    loss_fn = _make_loss_fn(space, config)
    grad_fn = jax.grad(lambda p, *args: loss_fn(unflatten(p), *args), has_aux=True)

    def draw_batch(order, variants, index, key):
        start = index * batch_size
        rows = jax.lax.dynamic_slice(order, (start,), (batch_size,))
        weights = (start + jnp.arange(batch_size) < pool.num).astype(jnp.float32)
        tokens = pool.tokens[variants[rows], rows]
        if config.num_unlabelled:
            draws = jax.random.randint(
                key, (config.num_unlabelled,), 0, pool.num_unlabelled
            )
            tokens = jnp.concatenate([tokens, pool.unlabelled[draws]])
        return tokens, pool.targets[rows], weights

    def epoch(carry, key):
        order_key, variant_key, batches_key = jax.random.split(key, 3)
        order = shuffle(order_key, capacity, pool.num)
        # A slice past the end would be shifted back over rows already seen.
        order = jnp.pad(order, (0, -capacity % batch_size))
        variants = jax.random.randint(variant_key, (capacity,), 0, num_variants)

        def step(index, carry):
            params, opt_state, totals = carry
            batch_key, dropout_key = jax.random.split(
                jax.random.fold_in(batches_key, index)
            )
            batch = draw_batch(order, variants, index, batch_key)
            grads, history = grad_fn(params, dropout_key, *batch)
            updates, opt_state = optimiser.update(grads, opt_state, params)
            params = optax.apply_updates(params, updates)
            return params, opt_state, jax.tree.map(jnp.add, totals, history)

        zeros = History(*[jnp.zeros(())] * 3)
        params, opt_state, totals = jax.lax.fori_loop(
            0, num_batches, step, (*carry, zeros)
        )
        return (params, opt_state), jax.tree.map(lambda x: x / num_batches, totals)

    keys = jax.random.split(epochs_key, config.num_epochs)
    (params, _), history = jax.lax.scan(epoch, (params, optimiser.init(params)), keys)
    return unflatten(params), history


@functools.partial(jax.jit, static_argnames=("space", "config"))
def controller_fit(
    key: Array, pool: Pool, space: Space, config: config_lib.ControllerConfig
) -> tuple[PyTree, History]:
    """Fits an ensemble from fresh parameters.

    Args:
        key: Source of randomness; members differ in it alone.
        pool: The padded pool.
        space: The space of the tokens.
        config: Sizes, losses and schedule.

    Returns:
        Parameters, each with a leading axis [ensemble], and losses
        [ensemble, num_epochs].
    """
    pool = jax.tree.map(jnp.asarray, pool)
    keys = jax.random.split(key, config.ensemble_size)
    # On CPU one member after the other: two members in one batch of matrix products
    # took twice as long there.
    batch_size = None if jax.default_backend() == "cpu" else config.ensemble_size
    return jax.lax.map(
        lambda key: _fit_member(key, pool, space, config), keys, batch_size=batch_size
    )
