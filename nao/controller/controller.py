"""The controller's interface: host arrays and fitted parameters in, arrays out.

Methods pad the number of rows to a few sizes, so a whole search compiles each of them a
handful of times; the jitted functions have names of their own, by which compilations
are counted.
"""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import batches, decoding, fit, latent, networks, parameters, rows
from nao.controller.config import PRESETS, ControllerConfig
from nao.spaces import Space
from nao.system import stages
from nao.types import Array, PyTree

Params = PyTree  # of networks.EncoderPredictorDecoder, leading axis [ensemble]

_DECODE_ROWS = 2048  # sequences decoded at once, which bounds the memory of a proposal


@dataclasses.dataclass(frozen=True)
class Controller:
    """Encoder, predictor and decoder for one space; hashable, so static under jit.

    Attributes:
        space: The space whose tokens are read and written.
        config: Sizes, losses and fit.
    """

    space: Space
    config: ControllerConfig = PRESETS["default"]

    def fit(
        self,
        key: Array,
        tokens: np.ndarray,
        targets: np.ndarray,
        unlabelled: np.ndarray | None = None,
    ) -> tuple[Params, fit.History]:
        """Fits fresh parameters to a pool.

        Args:
            key: Source of randomness.
            tokens: int32 [num_variants, num, length]; the variants of a row are
                sequences of the same architecture (`space.equivalents`), one of which
                is drawn for each row in each epoch.
            targets: float32 [num], as from `targets.normalise`; or one column for each
                of several objectives, [num, objectives] with at least two.
            unlabelled: int32 [num_unlabelled, length], random architectures to learn
                reconstruction from; needed where `config.num_unlabelled` is positive.

        Returns:
            Parameters and losses, both with a leading axis [ensemble], on the device.

        Raises:
            ValueError: If shapes or tokens do not fit, or nothing is there to fit.
        """
        tokens, targets = np.asarray(tokens), np.asarray(targets, np.float32)
        if tokens.ndim != 3 or not tokens.size:
            raise ValueError(
                "tokens must be [variants, num, length] with at least one row, got "
                f"shape {tokens.shape}."
            )
        is_shaped = targets.ndim == 1 or (targets.ndim == 2 and targets.shape[1] > 1)
        fits = is_shaped and len(targets) == tokens.shape[1]
        if not fits or not np.isfinite(targets).all():
            raise ValueError(
                f"targets must be finite, one for each of {tokens.shape[1]} rows (and "
                f"of several objectives), got shape {targets.shape}."
            )
        if unlabelled is None or not self.config.num_unlabelled:
            unlabelled = np.zeros((0, self.space.length), np.int32)
        if self.config.num_unlabelled and not len(unlabelled):
            raise ValueError(
                "unlabelled must have rows where num_unlabelled is positive, got "
                f"none for {self.config.num_unlabelled} a step."
            )
        self.check(tokens.reshape(-1, tokens.shape[-1]))
        self.check(unlabelled)
        pool = batches.pad_pool(tokens, targets, unlabelled)
        with stages.stage("fitting the controller"):
            return fit.controller_fit(key, pool, self.space, self.config)

    def encode(self, params: Params, tokens: np.ndarray) -> np.ndarray:
        """Returns encoder outputs, float32 [ensemble, num, encoder_length, hidden]."""
        return self._by_rows(controller_encode, params, tokens)

    def embed(self, params: Params, tokens: np.ndarray) -> np.ndarray:
        """Returns embeddings of unit length, float32 [ensemble, num, hidden]."""
        return self._by_rows(controller_embed, params, tokens)

    def predict(self, params: Params, tokens: np.ndarray) -> np.ndarray:
        """Returns predictions in the unit of the targets, float32 [ensemble, num].

        Where several objectives were fitted, [ensemble, num, objectives].
        """
        return self._by_rows(controller_predict, params, tokens)

    def reconstruct(self, params: Params, tokens: np.ndarray) -> np.ndarray:
        """Encodes and decodes greedily; int32 [ensemble, num, length]."""
        return self._by_rows(controller_reconstruct, params, tokens)

    def propose(
        self,
        key: Array,
        params: Params,
        tokens: np.ndarray,
        step_sizes: np.ndarray,
        temperature: float = 0.0,
        goal: latent.Goal | None = None,
    ) -> np.ndarray:
        """Encodes, ascends and decodes.

        Args:
            key: Source of randomness; unused at temperature 0.
            params: Fitted parameters.
            tokens: Starting points, int32 [num, length].
            step_sizes: float [num_steps]; 0 decodes the starting point itself.
            temperature: 0 decodes greedily, 1 samples from the decoder.
            goal: What is climbed; None for the prediction of the single objective.

        Returns:
            Legal sequences, int32 [ensemble, num_steps, num, length].
        """
        step_sizes = jnp.asarray(step_sizes, jnp.float32)
        parts = []
        for index, (chunk, num) in enumerate(rows.chunks(self._checked(tokens))):
            proposed = controller_propose(
                jax.random.fold_in(key, index),
                params,
                chunk,
                step_sizes,
                jnp.float32(temperature),
                goal,
                space=self.space,
                config=self.config,
            )
            parts.append(np.asarray(proposed)[:, :, :num])
        return np.concatenate(parts, axis=2)

    def check(self, tokens: np.ndarray) -> None:
        """Checks that tokens are ids of the space's vocabulary.

        Args:
            tokens: int [num, length].

        Raises:
            ValueError: If the shape or an id does not fit.
        """
        if tokens.ndim != 2 or tokens.shape[1] != self.space.length:
            raise ValueError(
                f"Sequences of space {self.space.name!r} have {self.space.length} "
                f"tokens, got shape {tokens.shape}."
            )
        size = len(self.space.vocabulary)
        if tokens.size and not (tokens.min() >= 0 and tokens.max() < size):
            raise ValueError(
                f"Tokens of space {self.space.name!r} are 0 to {size - 1}, got "
                f"{tokens.min()} to {tokens.max()}."
            )

    def _checked(self, tokens: np.ndarray) -> np.ndarray:
        """Checks tokens and returns them as int32."""
        tokens = np.asarray(tokens, np.int32)
        self.check(tokens)
        return tokens

    def _by_rows(
        self, function: Callable[..., Array], params: Params, tokens: np.ndarray
    ) -> np.ndarray:
        """Applies a function to chunks of rows; [ensemble, num, ...] of all."""
        of_chunk = functools.partial(
            function, params, space=self.space, config=self.config
        )
        return rows.map_rows(of_chunk, self._checked(tokens), axis=1)


_jit = functools.partial(jax.jit, static_argnames=("space", "config"))


def bind(
    params: Params, space: Space, config: ControllerConfig
) -> networks.EncoderPredictorDecoder:
    """Returns the networks with one member's parameters in them."""
    num_objectives = parameters.num_objectives(params)
    model = networks.EncoderPredictorDecoder(space, config, num_objectives)
    return model.bind({"params": params})


@_jit
def controller_encode(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to [ensemble, num, encoder_length, hidden]."""
    return parameters.map_members(
        lambda params: bind(params, space, config).encode(tokens), params
    )


@_jit
def controller_embed(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to embeddings [ensemble, num, hidden]."""
    return parameters.map_members(
        lambda params: networks.pool(bind(params, space, config).encode(tokens)),
        params,
    )


@_jit
def controller_predict(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to predictions [ensemble, num, ...]."""

    def predict(params: Params) -> Array:
        model = bind(params, space, config)
        return model.predict(model.encode(tokens))

    return parameters.map_members(predict, params)


def _decode(
    model: networks.EncoderPredictorDecoder,
    encoder_outputs: Array,
    key: Array | None = None,
    temperature: Array | float = 0.0,
) -> Array:
    """Decodes encoder outputs [num, encoder_length, hidden] to [num, length]."""
    return decoding.decode(
        functools.partial(model.step, encoder_outputs),
        model.start(encoder_outputs),
        jnp.asarray(model.space.legal),
        key,
        temperature,
    )


@_jit
def controller_reconstruct(
    params: Params, tokens: Array, *, space: Space, config: ControllerConfig
) -> Array:
    """Maps tokens [num, length] to greedily decoded [ensemble, num, length]."""

    def reconstruct(params: Params) -> Array:
        model = bind(params, space, config)
        return _decode(model, model.encode(tokens))

    return parameters.map_members(reconstruct, params)


@_jit
def controller_propose(
    key: Array,
    params: Params,
    tokens: Array,
    step_sizes: Array,
    temperature: Array,
    goal: latent.Goal | None,
    *,
    space: Space,
    config: ControllerConfig,
) -> Array:
    """Encodes, ascends and decodes; int32 [ensemble, num_steps, num, length]."""
    num_steps, num = len(step_sizes), len(tokens)
    chunk = max(1, min(num_steps, _DECODE_ROWS // num))
    # In whole chunks, for the loop; what padding decodes to is cut off at the end.
    step_sizes = jnp.pad(step_sizes, (0, -num_steps % chunk)).reshape(-1, chunk)

    def propose(member_key: Array, params: Params) -> Array:
        model = bind(params, space, config)
        encoder_outputs = model.encode(tokens)

        def score(outputs: Array) -> Array:
            predicted = model.predict(outputs)
            return predicted if goal is None else goal.score_rows(predicted)

        def for_step_sizes(inputs: tuple[Array, Array]) -> Array:
            chunk_key, step_sizes = inputs
            moved = latent.ascend(
                score, encoder_outputs, step_sizes, config.normalise_gradient
            )
            # Step sizes and rows are one batch to the decoder.
            moved = moved.reshape(-1, *moved.shape[2:])
            return _decode(model, moved, chunk_key, temperature)

        keys = jax.random.split(member_key, len(step_sizes))
        proposed = jax.lax.map(for_step_sizes, (keys, step_sizes))
        return proposed.reshape(-1, num, space.length)[:num_steps]

    keys = jax.random.split(key, config.ensemble_size)
    return parameters.map_members(propose, keys, params)
