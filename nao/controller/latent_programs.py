"""The compiled functions of a latent space; their names are counted as compilations.

Points are float32 [num, steps, size], as in `LatentSpace`; parts are the members' own,
float32 [ensemble, num, steps, hidden].
"""

import functools
import math

import jax
import jax.numpy as jnp

from nao.controller import decoding, latent, lstm, networks, parameters
from nao.controller.config import ControllerConfig
from nao.controller.controller import Params, bind
from nao.controller.latent import Goal
from nao.spaces import Space
from nao.types import Array

_jit = functools.partial(jax.jit, static_argnames=("space", "config"))


def _split(points: Array, num_members: int) -> Array:
    """Maps points [num, steps, size] to parts [ensemble, num, steps, hidden]."""
    num, steps, _ = points.shape
    return jnp.moveaxis(points.reshape(num, steps, num_members, -1), 2, 0)


def _join(parts: Array) -> Array:
    """Maps the members' [ensemble, ..., hidden] to [..., size]."""
    parts = jnp.moveaxis(parts, 0, -2)
    return parts.reshape(*parts.shape[:-2], -1)


def _mean(parts: Array) -> Array:
    """Maps points' parts [ensemble, num, steps, hidden] to means [num, size]."""
    # Each member's mean has length 1; divided, so has the whole.
    return _join(networks.pool(parts)) / math.sqrt(len(parts))


def _encode(
    params: Params, tokens: Array, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to parts [ensemble, num, steps, hidden]."""
    return parameters.map_members(
        lambda params: bind(params, space, config).encode(tokens), params
    )


def _predict(
    params: Params, parts: Array, space: Space, config: ControllerConfig
) -> Array:
    """Maps parts [ensemble, num, steps, hidden] to [num, ensemble, objectives]."""

    def predict(params: Params, part: Array) -> Array:
        predicted = bind(params, space, config).predict(part)
        return predicted.reshape(len(part), -1)

    return jnp.moveaxis(parameters.map_members(predict, params, parts), 0, 1)


@_jit
def latent_encode(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to points."""
    return _join(_encode(params, tokens, space, config))


@_jit
def latent_embed(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to the means of their points."""
    return _mean(_encode(params, tokens, space, config))


@_jit
def latent_pool(
    params: Params, points: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps points to their means."""
    del params, space
    return _mean(_split(points, config.ensemble_size))


@_jit
def latent_predict(
    params: Params, points: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps points to [num, ensemble, objectives]."""
    return _predict(params, _split(points, config.ensemble_size), space, config)


@_jit
def latent_predict_tokens(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to [num, ensemble, objectives]."""
    parts = _encode(params, tokens, space, config)
    return _predict(params, parts, space, config)


def _gradient(
    params: Params, parts: Array, goal: Goal, space: Space, config: ControllerConfig
) -> Array:
    """Returns the gradient of each member's score at its own parts, of their shape."""
    # Rows and members are independent, so the gradient of the sum is each one's own.
    return jax.grad(
        lambda parts: goal.score(_predict(params, parts, space, config)).sum()
    )(parts)


@_jit
def latent_gradient(
    params: Params,
    points: Array,
    *,
    goal: Goal,
    space: Space,
    config: ControllerConfig,
) -> Array:
    """Maps points to the gradient of the goal's score, the mean over members."""
    parts = _split(points, config.ensemble_size)
    gradient = _gradient(params, parts, goal, space, config)
    return _join(gradient) / config.ensemble_size


@_jit
def latent_step(
    params: Params,
    points: Array,
    *,
    step_size: Array,
    goal: Goal,
    space: Space,
    config: ControllerConfig,
) -> Array:
    """Moves points one step up the gradient of the goal's score."""
    parts = _split(points, config.ensemble_size)
    gradient = _gradient(params, parts, goal, space, config)
    if config.normalise_gradient:
        gradient = latent.scale_gradient(gradient)
    return _join(networks.normalise(parts + step_size * gradient))


@_jit
def latent_decode(
    params: Params,
    points: Array,
    *,
    key: Array,
    temperature: Array,
    space: Space,
    config: ControllerConfig,
) -> Array:
    """Maps points to sequences, int32 [num, length]."""
    parts = _split(points, config.ensemble_size)
    legal = jnp.asarray(space.legal)

    # States are [num, ensemble, hidden]: `decoding.decode` reads the number of rows off
    # their first axis.
    def start(params: Params, part: Array) -> lstm.LSTMState:
        return bind(params, space, config).start(part)

    def step(
        params: Params,
        part: Array,
        state: lstm.LSTMState,
        token: Array,
        position: Array,
    ) -> tuple[Array, lstm.LSTMState]:
        return bind(params, space, config).step(part, state, token, position)

    def step_all(
        state: lstm.LSTMState, token: Array, position: Array
    ) -> tuple[Array, lstm.LSTMState]:
        logits, state = jax.vmap(step, (0, 0, 1, None, None), (0, 1))(
            params, parts, state, token, position
        )
        logits = jnp.where(legal[position], logits, -jnp.inf)
        return jax.nn.log_softmax(logits).mean(0), state

    state = jax.vmap(start, out_axes=1)(params, parts)
    return decoding.decode(step_all, state, legal, key, temperature)
