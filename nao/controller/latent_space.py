"""The latent space of a fitted ensemble, as one space to stand and to move in.

Every member of an ensemble has a latent space of its own. Their product is the
ensemble's: a point holds the encoder outputs of all members side by side. A
prediction at a point is every member's; a step moves every member's part up that
member's gradient; decoding writes one sequence, each token by the mean of the members'
log-probabilities.
"""

import dataclasses
import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import controller as controller_lib
from nao.controller import decoding, latent, networks, parameters, rows
from nao.types import Array

_PENALTY = 10.0  # outweighs an objective wherever a bound is broken


class Goal(NamedTuple):
    """What ascent wants, in the unit of the targets, float32 [objectives] each.

    Attributes:
        weights: Factor of each objective in the score.
        lower: Least target that is allowed; -inf for any.
        upper: Largest target that is allowed; inf for any.
    """

    weights: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def score(self, predicted: Array) -> Array:
        """Maps predictions [..., objectives] to the score to be raised [...]."""
        broken = jax.nn.relu(predicted - self.upper)
        broken = broken + jax.nn.relu(self.lower - predicted)
        return (predicted * self.weights - _PENALTY * broken).sum(-1)


@dataclasses.dataclass(frozen=True, eq=False)
class LatentSpace:
    """Queries on fitted parameters: host arrays in and out, rows on the first axis.

    Points are float32 [num, encoder_length, size], `size` the hidden sizes of all
    members together; every member's part of an encoder step has unit length.

    Attributes:
        controller: Encoder, predictor and decoder.
        params: Fitted parameters, leading axis [ensemble].
    """

    controller: controller_lib.Controller
    params: controller_lib.Params

    @property
    def num_members(self) -> int:
        """Number of ensemble members."""
        return self.controller.config.ensemble_size

    @property
    def point_shape(self) -> tuple[int, int]:
        """Encoder length and size: the shape of one point."""
        space, config = self.controller.space, self.controller.config
        return space.length // space.group, config.ensemble_size * config.hidden_size

    @property
    def _static(self) -> dict:
        return {"space": self.controller.space, "config": self.controller.config}

    def encode(self, tokens: np.ndarray) -> np.ndarray:
        """Maps tokens [num, length] to points."""
        return self._map(latent_encode, self._tokens(tokens))

    def embed(self, tokens: np.ndarray) -> np.ndarray:
        """Maps tokens [num, length] to their points' means, float32 [num, size]."""
        return self._map(latent_embed, self._tokens(tokens))

    def pool(self, points: np.ndarray) -> np.ndarray:
        """Maps points to their means, float32 [num, size] of unit length."""
        return self._map(latent_pool, self.check(points))

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Returns every member's targets at points, [num, ensemble, objectives]."""
        return self._map(latent_predict, self.check(points))

    def predict_tokens(self, tokens: np.ndarray) -> np.ndarray:
        """Does what `predict` does at the points of tokens [num, length]."""
        return self._map(latent_predict_tokens, self._tokens(tokens))

    def gradient(self, points: np.ndarray, goal: Goal) -> np.ndarray:
        """Returns the gradient of the goal's score at points, of their shape."""
        function = functools.partial(latent_gradient, goal=goal)
        return self._map(function, self.check(points))

    def step(self, points: np.ndarray, step_size: float, goal: Goal) -> np.ndarray:
        """Moves points up the gradient of the goal's score.

        A step size is a length where `config.normalise_gradient` says so; see
        `latent.ascend`.
        """
        function = functools.partial(
            latent_step, step_size=jnp.float32(step_size), goal=goal
        )
        return self._map(function, self.check(points))

    def decode(
        self, points: np.ndarray, temperature: float = 0.0, key: Array | None = None
    ) -> np.ndarray:
        """Writes the sequence of each point, int32 [num, length], always grammatical.

        Args:
            points: Points.
            temperature: 0 takes the likeliest token, 1 samples; see `decoding.decode`.
            key: Source of randomness; needed where the temperature is not 0.
        """
        key = jax.random.key(0) if key is None else key
        parts = []
        for index, (chunk, num) in enumerate(rows.chunks(self.check(points))):
            decoded = latent_decode(
                self.params,
                chunk,
                key=jax.random.fold_in(key, index),
                temperature=jnp.float32(temperature),
                **self._static,
            )
            parts.append(np.asarray(decoded)[:num])
        return np.concatenate(parts)

    def normalise(self, points: np.ndarray) -> np.ndarray:
        """Brings every member's part of every encoder step to unit length.

        Args:
            points: float [..., size].

        Returns:
            float32 of the same shape.
        """
        shape = points.shape
        parts = points.reshape(*shape[:-1], self.num_members, -1)
        length = np.linalg.norm(parts, axis=-1, keepdims=True)
        return (parts / np.maximum(length, 1e-8)).reshape(shape).astype(np.float32)

    def _map(self, function, array: np.ndarray) -> np.ndarray:
        return rows.map_rows(
            lambda chunk: function(self.params, chunk, **self._static), array
        )

    def _tokens(self, tokens: np.ndarray) -> np.ndarray:
        tokens = np.asarray(tokens, np.int32)
        self.controller.check(tokens)
        return tokens

    def check(self, points: np.ndarray) -> np.ndarray:
        """Returns points as float32.

        Raises:
            ValueError: If they are not finite numbers of the shape of points.
        """
        points = np.asarray(points, np.float32)
        if points.ndim != 3 or points.shape[1:] != self.point_shape:
            raise ValueError(
                f"Points must have shape [num, {self.point_shape[0]}, "
                f"{self.point_shape[1]}], got {list(points.shape)}."
            )
        if not np.isfinite(points).all():
            raise ValueError("Points must be finite.")
        return points


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
    return _join(networks.pool(parts)) / math.sqrt(len(parts))


_bind = controller_lib.bind
_jit = functools.partial(jax.jit, static_argnames=("space", "config"))


def _encode(params, tokens, space, config) -> Array:
    return parameters.map_members(
        lambda params: _bind(params, space, config).encode(tokens), params
    )


def _predict(params, parts, space, config) -> Array:
    """Maps parts [ensemble, num, steps, hidden] to [num, ensemble, objectives]."""

    def predict(params, part):
        predicted = _bind(params, space, config).predict(part)
        return predicted.reshape(len(part), -1)

    return jnp.moveaxis(parameters.map_members(predict, params, parts), 0, 1)


@_jit
def latent_encode(params, tokens, *, space, config):
    """Maps tokens [num, length] to points."""
    return _join(_encode(params, tokens, space, config))


@_jit
def latent_embed(params, tokens, *, space, config):
    """Maps tokens [num, length] to the means of their points."""
    return _mean(_encode(params, tokens, space, config))


@_jit
def latent_pool(params, points, *, space, config):
    """Maps points to their means."""
    del params, space
    return _mean(_split(points, config.ensemble_size))


@_jit
def latent_predict(params, points, *, space, config):
    """Maps points to [num, ensemble, objectives]."""
    return _predict(params, _split(points, config.ensemble_size), space, config)


@_jit
def latent_predict_tokens(params, tokens, *, space, config):
    """Maps tokens [num, length] to [num, ensemble, objectives]."""
    parts = _encode(params, tokens, space, config)
    return _predict(params, parts, space, config)


def _gradient(params, parts, goal, space, config) -> Array:
    # Rows and members are independent, so the gradient of the sum is each one's own.
    return jax.grad(
        lambda parts: goal.score(_predict(params, parts, space, config)).sum()
    )(parts)


@_jit
def latent_gradient(params, points, *, goal, space, config):
    """Maps points to the gradient of the goal's score, the mean over members."""
    parts = _split(points, config.ensemble_size)
    gradient = _gradient(params, parts, goal, space, config)
    return _join(gradient) / config.ensemble_size


@_jit
def latent_step(params, points, *, step_size, goal, space, config):
    """Moves points one step."""
    parts = _split(points, config.ensemble_size)
    gradient = _gradient(params, parts, goal, space, config)
    if config.normalise_gradient:
        gradient = latent.scale_gradient(gradient)
    return _join(networks.normalise(parts + step_size * gradient))


@_jit
def latent_decode(params, points, *, key, temperature, space, config):
    """Maps points to sequences [num, length]."""
    parts = _split(points, config.ensemble_size)
    legal = jnp.asarray(space.legal)

    # Rows come first in the states, as the loop over tokens wants it.
    def start(params, part):
        return _bind(params, space, config).start(part)

    def step(params, part, state, token, position):
        return _bind(params, space, config).step(part, state, token, position)

    def step_all(state, token, position):
        logits, state = jax.vmap(step, (0, 0, 1, None, None), (0, 1))(
            params, parts, state, token, position
        )
        logits = jnp.where(legal[position], logits, -jnp.inf)
        return jax.nn.log_softmax(logits).mean(0), state

    state = jax.vmap(start, out_axes=1)(params, parts)
    return decoding.decode(step_all, state, legal, key, temperature)
