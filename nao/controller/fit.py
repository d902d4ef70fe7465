"""One jitted program per fit: all epochs, all batches, all ensemble members.

The pool lies on the device, padded to a capacity, and the number of real rows is a
traced number: the loop over batches runs as often as those need. So one compilation
serves every pool size up to the capacity, at a cost proportional to the pool.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import optax

from nao.controller import batches, losses, networks, parameters
from nao.controller.batches import PaddedPool
from nao.controller.config import ControllerConfig
from nao.spaces import Space
from nao.types import Array, PyTree


class History(NamedTuple):
    """Losses of a fit, float32 [ensemble, num_epochs] each, means over steps."""

    loss: Array
    prediction: Array
    reconstruction: Array


# Maps parameters, a dropout key, tokens, targets and weights to the loss and its parts.
LossFn = Callable[[PyTree, Array, Array, Array, Array], tuple[Array, History]]
# The parameters as one flat vector, and the optimiser's state.
_Carry = tuple[Array, optax.OptState]


def make_optimiser(
    config: ControllerConfig, num_steps: Array
) -> optax.GradientTransformation:
    """Returns Adam with clipping, decay and schedule over a traced number of steps."""

    def learning_rate(step: Array) -> Array | float:
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
    space: Space, config: ControllerConfig, num_objectives: int
) -> LossFn:
    """Returns the joint loss of labelled rows, then unlabelled ones."""
    model = networks.EncoderPredictorDecoder(space, config, num_objectives)
    legal = space.legal if config.masked_loss else None

    def loss_fn(
        params: PyTree, key: Array, tokens: Array, targets: Array, weights: Array
    ) -> tuple[Array, History]:
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
        if (
            len(tokens) > num
        ):  # unlabelled rows alone are reconstructed, none is padding
            tokens, weights = tokens[num:], jnp.ones(len(tokens) - num)
        reconstruction = losses.reconstruction(logits, tokens, weights, legal)
        loss = losses.joint(prediction, reconstruction, config.trade_off)
        return loss, History(loss, prediction, reconstruction)

    return loss_fn


class _Steps(NamedTuple):
    """How many steps an epoch takes, and how large they are.

    Attributes:
        batch_size: Labelled rows of a step.
        num_batches: Batches with real rows in them, int32 scalar, traced.
        per_epoch: Steps of an epoch, int32 scalar, traced. A small pool goes through
            its batches several times in an epoch.
        maximum: Steps of an epoch where every row up to the capacity is real.
    """

    batch_size: int
    num_batches: Array
    per_epoch: Array
    maximum: int


def _count_steps(pool: PaddedPool, config: ControllerConfig) -> _Steps:
    capacity = pool.tokens.shape[1]
    batch_size = min(config.batch_size, capacity)
    num_batches = (pool.num + batch_size - 1) // batch_size
    minimum = -(-config.min_steps // config.num_epochs)
    return _Steps(
        batch_size,
        num_batches,
        jnp.maximum(num_batches, minimum),
        max(-(-capacity // batch_size), minimum),
    )


def _make_epoch_fn(
    pool: PaddedPool,
    steps: _Steps,
    num_unlabelled: int,
    optimiser: optax.GradientTransformation,
    grad_fn: Callable[..., tuple[Array, History]],
) -> Callable[[_Carry, Array], tuple[_Carry, History]]:
    """Returns one epoch as the body of a scan over keys; its losses are means."""

    def epoch(carry: _Carry, key: Array) -> tuple[_Carry, History]:
        plan_key, dropout_key = jax.random.split(key)
        plan = batches.draw_epoch_plan(
            plan_key, pool, steps.batch_size, steps.maximum, num_unlabelled
        )

        def step(
            index: Array, carry: tuple[Array, optax.OptState, History]
        ) -> tuple[Array, optax.OptState, History]:
            params, opt_state, totals = carry
            batch = batches.take_batch(
                pool, plan, index, steps.num_batches, steps.batch_size
            )
            step_key = jax.random.fold_in(dropout_key, index)
            grads, history = grad_fn(params, step_key, *batch)
            updates, opt_state = optimiser.update(grads, opt_state, params)
            params = optax.apply_updates(params, updates)
            return params, opt_state, jax.tree.map(jnp.add, totals, history)

        zeros = History(*[jnp.zeros(())] * 3)
        params, opt_state, totals = jax.lax.fori_loop(
            0, steps.per_epoch, step, (*carry, zeros)
        )
        return (params, opt_state), jax.tree.map(lambda x: x / steps.per_epoch, totals)

    return epoch


def _fit_member(
    key: Array, pool: PaddedPool, space: Space, config: ControllerConfig
) -> tuple[PyTree, History]:
    """Fits one ensemble member; losses are float32 [num_epochs]."""
    steps = _count_steps(pool, config)
    init_key, epochs_key = jax.random.split(key)
    num_objectives = pool.targets.shape[1] if pool.targets.ndim == 2 else 1
    # Parameters are one flat vector here, so the optimiser is a few operations to
    # compile and to dispatch rather than a few per layer.
    params, unflatten = jax.flatten_util.ravel_pytree(
        parameters.create_params(init_key, space, config, num_objectives)
    )
    optimiser = make_optimiser(config, steps.per_epoch * config.num_epochs)
    loss_fn = _make_loss_fn(space, config, num_objectives)
    grad_fn = jax.grad(lambda p, *args: loss_fn(unflatten(p), *args), has_aux=True)
    epoch = _make_epoch_fn(pool, steps, config.num_unlabelled, optimiser, grad_fn)
    keys = jax.random.split(epochs_key, config.num_epochs)
    (params, _), history = jax.lax.scan(epoch, (params, optimiser.init(params)), keys)
    return unflatten(params), history


@functools.partial(jax.jit, static_argnames=("space", "config"))
def controller_fit(
    key: Array, pool: PaddedPool, space: Space, config: ControllerConfig
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
