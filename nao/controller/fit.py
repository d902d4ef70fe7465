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
    """Losses of a fit, float32 [ensemble, num_epochs] each, means over steps."""

    loss: Array
    prediction: Array
    reconstruction: Array


class PaddedPool(NamedTuple):
    """A padded pool; every row, padding too, is a legal sequence.

    Attributes:
        tokens: int32 [num_variants, capacity, length]; the variants of a row describe
            the same architecture.
        targets: float32 [capacity], or [capacity, objectives] where there are several.
        num: Real rows, which come first; int32 scalar.
        unlabelled: int32 [unlabelled_capacity, length].
        num_unlabelled: Real rows of `unlabelled`, int32 scalar.
    """

    tokens: np.ndarray
    targets: np.ndarray
    num: np.ndarray
    unlabelled: np.ndarray
    num_unlabelled: np.ndarray


def pad_pool(
    tokens: np.ndarray, targets: np.ndarray, unlabelled: np.ndarray
) -> PaddedPool:
    """Pads a pool to its capacity.

    Args:
        tokens: int32 [num_variants, num, length].
        targets: float32 [num] or [num, objectives].
        unlabelled: int32 [num_unlabelled, length]; may have no rows.

    Returns:
        The pool; capacities are `MIN_CAPACITY` times a power of two.
    """
    num, num_unlabelled = tokens.shape[1], len(unlabelled)
    padded = capacity(num)
    rows = np.minimum(np.arange(padded), num - 1)  # padding repeats the last row
    if num_unlabelled:
        unlabelled_rows = np.arange(capacity(num_unlabelled)) % num_unlabelled
        unlabelled = np.asarray(unlabelled, np.int32)[unlabelled_rows]
    return PaddedPool(
        np.asarray(tokens, np.int32)[:, rows],
        np.pad(
            np.asarray(targets, np.float32),
            [(0, padded - num)] + [(0, 0)] * (np.ndim(targets) - 1),
        ),
        np.int32(num),
        unlabelled,
        np.int32(num_unlabelled),
    )


def capacity(num: int, minimum: int = MIN_CAPACITY) -> int:
    """Returns the rows to compile for: a power of two, no fewer than `minimum`."""
    return max(minimum, 1 << (num - 1).bit_length())


class EpochPlan(NamedTuple):
    """What the steps of one epoch read, drawn in one go.

    Attributes:
        rows: Real rows in random order, then padding; int32 [capacity, rounded up to
            whole batches].
        variants: Variant of every row of the pool, int32 [capacity].
        unlabelled: Rows of the unlabelled architectures of every step, int32
            [max_steps, num_unlabelled].
    """

    rows: Array
    variants: Array
    unlabelled: Array


def draw_epoch_plan(
    key: Array, pool: PaddedPool, batch_size: int, max_steps: int, num_unlabelled: int
) -> EpochPlan:
    """Draws an epoch's plan."""
    num_variants, capacity, _ = pool.tokens.shape
    # One draw: to XLA every further one is a program of its own, in every epoch.
    draws = jax.random.uniform(key, (2 * capacity + max_steps * num_unlabelled,))
    order, variant, unlabelled = jnp.split(draws, (capacity, 2 * capacity))
    rows = jnp.argsort(jnp.where(jnp.arange(capacity) < pool.num, order, 2.0))
    # A slice past the end would be shifted back over rows already seen.
    rows = jnp.pad(rows, (0, -capacity % batch_size))
    unlabelled = _to_ids(unlabelled, pool.num_unlabelled)
    return EpochPlan(
        rows,
        _to_ids(variant, num_variants),
        unlabelled.reshape(max_steps, num_unlabelled),
    )


def _to_ids(draws: Array, num: Array | int) -> Array:
    """Maps draws from [0, 1) to integers from 0 to num - 1."""
    return jnp.minimum((draws * num).astype(jnp.int32), num - 1)  # * may round up


def take_batch(
    pool: PaddedPool, plan: EpochPlan, index: Array, num_batches: Array, batch_size: int
) -> tuple[Array, Array, Array]:
    """Returns a step's tokens, and the targets and weights of its labelled rows.

    Args:
        pool: The pool.
        plan: The epoch's plan.
        index: Number of the step in its epoch; from `num_batches` on, batches repeat.
        num_batches: Batches with real rows in them.
        batch_size: Rows of a batch.

    Returns:
        int32 [batch_size + num_unlabelled, length], the labelled rows first, and
        float32 [batch_size] or [batch_size, objectives], and float32 [batch_size].
    """
    start = index % num_batches * batch_size
    rows = jax.lax.dynamic_slice(plan.rows, (start,), (batch_size,))
    weights = (start + jnp.arange(batch_size) < pool.num).astype(jnp.float32)
    tokens = pool.tokens[plan.variants[rows], rows]
    if plan.unlabelled.size:
        more = pool.unlabelled[plan.unlabelled[index]]
        tokens = jnp.concatenate([tokens, more])
    return tokens, pool.targets[rows], weights


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


def _make_loss_fn(
    space: Space, config: config_lib.ControllerConfig, num_objectives: int
):
    model = networks.EncoderPredictorDecoder(space, config, num_objectives)
    legal = space.legal if config.masked_loss else None

    def loss_fn(params, key, tokens, targets, weights):
        """Joint loss of labelled rows, then unlabelled ones."""
        num = len(targets)
        predictions, logits = model.apply(
            {"params": params},
            tokens,
            num,
            is_training=True,
            rngs={"dropout": key},
        )
        prediction_loss = functools.partial(
            losses.prediction, weights=weights, ranking_weight=config.ranking_weight
        )
        if num_objectives > 1:
            by_objective = jax.vmap(prediction_loss, in_axes=1)
            prediction = by_objective(predictions, targets).mean()
        else:
            prediction = prediction_loss(predictions, targets)
        if len(tokens) > num:
            tokens, weights = tokens[num:], jnp.ones(len(tokens) - num)
        reconstruction = losses.reconstruction(logits, tokens, weights, legal)
        loss = losses.joint(prediction, reconstruction, config.trade_off)
        return loss, History(loss, prediction, reconstruction)

    return loss_fn


def _fit_member(
    key: Array, pool: PaddedPool, space: Space, config: config_lib.ControllerConfig
) -> tuple[PyTree, History]:
    capacity = pool.tokens.shape[1]
    batch_size = min(config.batch_size, capacity)
    num_batches = (pool.num + batch_size - 1) // batch_size
    # A small pool goes through its batches several times in an epoch.
    min_steps = -(-config.min_steps // config.num_epochs)
    steps_per_epoch = jnp.maximum(num_batches, min_steps)
    max_steps = max(-(-capacity // batch_size), min_steps)
    init_key, epochs_key = jax.random.split(key)
    num_objectives = pool.targets.shape[1] if pool.targets.ndim == 2 else 1
    # Parameters are one flat vector here, so the optimiser is a few operations to
    # compile and to dispatch rather than a few per layer.
    params, unflatten = jax.flatten_util.ravel_pytree(
        parameters.create_params(init_key, space, config, num_objectives)
    )
    optimiser = make_optimiser(config, steps_per_epoch * config.num_epochs)
    loss_fn = _make_loss_fn(space, config, num_objectives)
    grad_fn = jax.grad(lambda p, *args: loss_fn(unflatten(p), *args), has_aux=True)

    def epoch(carry, key):
        plan_key, dropout_key = jax.random.split(key)
        plan = draw_epoch_plan(
            plan_key, pool, batch_size, max_steps, config.num_unlabelled
        )

        def step(index, carry):
            params, opt_state, totals = carry
            batch = take_batch(pool, plan, index, num_batches, batch_size)
            step_key = jax.random.fold_in(dropout_key, index)
            grads, history = grad_fn(params, step_key, *batch)
            updates, opt_state = optimiser.update(grads, opt_state, params)
            params = optax.apply_updates(params, updates)
            return params, opt_state, jax.tree.map(jnp.add, totals, history)

        zeros = History(*[jnp.zeros(())] * 3)
        params, opt_state, totals = jax.lax.fori_loop(
            0, steps_per_epoch, step, (*carry, zeros)
        )
        return (params, opt_state), jax.tree.map(lambda x: x / steps_per_epoch, totals)

    keys = jax.random.split(epochs_key, config.num_epochs)
    (params, _), history = jax.lax.scan(epoch, (params, optimiser.init(params)), keys)
    return unflatten(params), history


@functools.partial(jax.jit, static_argnames=("space", "config"))
def controller_fit(
    key: Array, pool: PaddedPool, space: Space, config: config_lib.ControllerConfig
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
    return parameters.map_members(
        lambda key: _fit_member(key, pool, space, config), keys
    )
