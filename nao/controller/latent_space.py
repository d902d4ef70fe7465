"""The latent space of a fitted ensemble: its members' spaces, taken as one.

Every member of an ensemble has a latent space of its own. The ensemble's is their
product: a point holds the encoder outputs of all members side by side. A
prediction at a point is every member's; a step moves every member's part up that
member's gradient; decoding writes one sequence, each token by the mean of the members'
log-probabilities.
"""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import latent_programs, rows
from nao.controller.config import ControllerConfig
from nao.controller.controller import Controller, Params
from nao.controller.latent import Goal
from nao.spaces import Space
from nao.types import Array


@dataclasses.dataclass(frozen=True, eq=False)
class LatentSpace:
    """Queries on fitted parameters: host arrays in and out, rows on the first axis.

    Points are float32 [num, encoder_length, size], `size` the hidden sizes of all
    members together; every member's part of an encoder step has unit length.

    Attributes:
        controller: Encoder, predictor and decoder.
        params: Fitted parameters, leading axis [ensemble].
    """

    controller: Controller
    params: Params

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
    def _static(self) -> dict[str, Space | ControllerConfig]:
        """What `latent_programs` are compiled for."""
        return {"space": self.controller.space, "config": self.controller.config}

    def encode(self, tokens: np.ndarray) -> np.ndarray:
        """Maps tokens [num, length] to points."""
        return self._map(latent_programs.latent_encode, self._tokens(tokens))

    def embed(self, tokens: np.ndarray) -> np.ndarray:
        """Maps tokens [num, length] to their points' means, float32 [num, size]."""
        return self._map(latent_programs.latent_embed, self._tokens(tokens))

    def pool(self, points: np.ndarray) -> np.ndarray:
        """Maps points to their means, float32 [num, size] of unit length."""
        return self._map(latent_programs.latent_pool, self.check(points))

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Returns every member's targets at points, [num, ensemble, objectives]."""
        return self._map(latent_programs.latent_predict, self.check(points))

    def predict_tokens(self, tokens: np.ndarray) -> np.ndarray:
        """Returns every member's targets of tokens [num, length]; see `predict`."""
        return self._map(latent_programs.latent_predict_tokens, self._tokens(tokens))

    def gradient(self, points: np.ndarray, goal: Goal) -> np.ndarray:
        """Returns the gradient of the goal's score at points, of their shape."""
        function = functools.partial(latent_programs.latent_gradient, goal=goal)
        return self._map(function, self.check(points))

    def step(self, points: np.ndarray, step_size: float, goal: Goal) -> np.ndarray:
        """Moves points up the gradient of the goal's score.

        A step size is a length where `config.normalise_gradient` says so; see
        `latent.ascend`.
        """
        function = functools.partial(
            latent_programs.latent_step, step_size=jnp.float32(step_size), goal=goal
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

        Raises:
            ValueError: If these are not points of this space.
        """
        key = jax.random.key(0) if key is None else key
        parts = []
        for index, (chunk, num) in enumerate(rows.chunks(self.check(points))):
            decoded = latent_programs.latent_decode(
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

    def _map(self, function: Callable[..., Array], array: np.ndarray) -> np.ndarray:
        """Applies one of `latent_programs` to rows, chunk by chunk."""
        return rows.map_rows(
            lambda chunk: function(self.params, chunk, **self._static), array
        )

    def _tokens(self, tokens: np.ndarray) -> np.ndarray:
        """Checks tokens and returns them as int32."""
        tokens = np.asarray(tokens, np.int32)
        self.controller.check(tokens)
        return tokens

    def check(self, points: np.ndarray) -> np.ndarray:
        """Checks points and returns them as float32.

        Raises:
            ValueError: If these are not finite numbers of shape [num, *point_shape].
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
