"""Encoder, predictor and decoder of NAO (Luo et al., 2018, arXiv:1808.07233).

The encoder reads an architecture's tokens with an LSTM and puts out one vector of unit
length per step; their normalised mean is the architecture's embedding. The predictor
reads the embedding. The decoder starts from the embedding, attends over the encoder
outputs (Luong et al., 2015, "general"), and writes tokens.
"""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp

from nao.controller import config as config_lib
from nao.controller import lstm, order
from nao.spaces import Space
from nao.types import Array

_EPSILON = 1e-8  # keeps the normalised zero vector, and its gradient, finite

# Embeddings start uniform within this bound, which leaves the gates of the first steps
# in their linear range. `parameters.create_params` draws from the distributions named
# here, all leaves in one go.
EMBEDDING_BOUND = 0.5

_embedding_init = functools.partial(
    jax.random.uniform,
    dtype=jnp.float32,
    minval=-EMBEDDING_BOUND,
    maxval=EMBEDDING_BOUND,
)
_kernel_init = nn.initializers.lecun_uniform()


def normalise(x: Array) -> Array:
    """Scales the last axis to unit Euclidean length; zero stays zero."""
    return x * jax.lax.rsqrt(jnp.sum(x * x, axis=-1, keepdims=True) + _EPSILON)


def pool(encoder_outputs: Array) -> Array:
    """Maps encoder outputs [..., length, hidden] to embeddings [..., hidden]."""
    return normalise(encoder_outputs.mean(axis=-2))


class Encoder(nn.Module):
    """Maps tokens to encoder outputs, one per `space.group` tokens."""

    space: Space
    config: config_lib.ControllerConfig

    @nn.compact
    def __call__(self, tokens: Array) -> Array:
        """Encodes tokens.

        Args:
            tokens: int32 [batch, length].

        Returns:
            Encoder outputs of unit length, float32 [batch, encoder_length, hidden].
        """
        config, group = self.config, self.space.group
        hidden, vocab_size = config.hidden_size, len(self.space.vocabulary)
        num_steps = self.space.length // group
        size = group * config.embedding_size
        embedding = self.param(
            "embedding", _embedding_init, (vocab_size, config.embedding_size)
        )
        if config.ordered:
            embedding = order.mixing(self.space) @ embedding
        position = jnp.zeros((num_steps, size))
        if config.positions:
            position = self.param("position", _embedding_init, (num_steps, size))
        # Time comes first until the end; see `lstm.Lookup`.
        steps = tokens.reshape(len(tokens), num_steps, group).transpose(1, 0, 2)

        def project(name: str, out_size: int) -> lstm.Lookup:
            """Multiplies the joined embeddings of every step with a new kernel."""
            kernel = self.param(name, _kernel_init, (size, out_size))
            parts = kernel.reshape(group, config.embedding_size, out_size)
            tables = jnp.einsum("ve,geo->gvo", embedding, parts)
            return lstm.Lookup(steps, tables, position @ kernel)

        outputs = lstm.LSTM(hidden, name="forward")(project("forward_in", 4 * hidden))
        if config.bidirectional:
            backward = lstm.LSTM(hidden, reverse=True, name="backward")(
                project("backward_in", 4 * hidden)
            )
            outputs = jnp.concatenate([outputs, backward], axis=-1)
            outputs = nn.Dense(hidden, False, kernel_init=_kernel_init, name="join")(
                outputs
            )
        if config.residual:
            outputs = outputs + project("shortcut", hidden).all()
        return normalise(outputs).swapaxes(0, 1)


class Predictor(nn.Module):
    """Maps embeddings to predictions in the unit of the targets.

    Attributes:
        config: Sizes of the layers.
        num_objectives: Predictions of an architecture; they share all layers but the
            last.
    """

    config: config_lib.ControllerConfig
    num_objectives: int = 1

    @nn.compact
    def __call__(self, arch_emb: Array, is_training: bool = False) -> Array:
        """Predicts from embeddings [batch, hidden].

        Returns:
            float32 [batch]; [batch, num_objectives] where there are several.
        """
        config = self.config
        x = arch_emb
        for size in config.predictor_sizes:
            x = jax.nn.relu(nn.Dense(size, kernel_init=_kernel_init)(x))
            x = nn.Dropout(config.predictor_dropout)(x, deterministic=not is_training)
        x = nn.Dense(self.num_objectives, kernel_init=_kernel_init)(x)
        x = x[..., 0] if self.num_objectives == 1 else x
        return jax.nn.sigmoid(x) if config.bounded else x


class Decoder(nn.Module):
    """Writes tokens, attending over encoder outputs."""

    space: Space
    config: config_lib.ControllerConfig

    def setup(self) -> None:
        """Makes the layers."""
        config, vocab_size = self.config, len(self.space.vocabulary)
        hidden, size = config.hidden_size, config.embedding_size
        self.embedding = self.param("embedding", _embedding_init, (vocab_size, size))
        self.kernel = self.param("kernel", _kernel_init, (size, 4 * hidden))
        if config.positions:
            shape = (self.space.length, size)
            self.position = self.param("position", _embedding_init, shape)
        else:
            self.position = jnp.zeros((self.space.length, size))
        self.lstm = lstm.LSTM(hidden)
        self.attention = nn.Dense(hidden, False, kernel_init=_kernel_init)
        self.join = nn.Dense(hidden, False, kernel_init=_kernel_init)
        self.head = nn.Dense(vocab_size, kernel_init=_kernel_init)

    def _to_logits(self, hidden_states: Array, encoder_outputs: Array) -> Array:
        """Attends and scores tokens.

        Args:
            hidden_states: Of the LSTM at `num` steps, float32 [batch, num, hidden].
            encoder_outputs: float32 [batch, encoder_length, hidden].

        Returns:
            Logits, float32 [batch, num, vocab].
        """
        scores = jnp.einsum(
            "bth,bsh->bts", self.attention(hidden_states), encoder_outputs
        )
        mix = jax.nn.softmax(scores) @ encoder_outputs
        return self.head(
            jnp.tanh(self.join(jnp.concatenate([mix, hidden_states], axis=-1)))
        )

    def __call__(self, encoder_outputs: Array, tokens: Array) -> Array:
        """Runs teacher-forced over whole sequences.

        Args:
            encoder_outputs: float32 [batch, encoder_length, hidden].
            tokens: The sequences to write, int32 [batch, length].

        Returns:
            Logits of every token given those before it, without the grammar's mask,
            float32 [batch, length, vocab].
        """
        # Each step reads the token before the one it writes; the start token is id 0.
        inputs = jnp.pad(tokens[:, :-1], ((0, 0), (1, 0))).T
        table = self.embedding @ self.kernel
        lookup = lstm.Lookup(
            inputs[..., None], table[None], self.position @ self.kernel
        )
        hidden_states = self.lstm(lookup, self.start(encoder_outputs))
        return self._to_logits(hidden_states.swapaxes(0, 1), encoder_outputs)

    def start(self, encoder_outputs: Array) -> lstm.LSTMState:
        """Returns the state before the first token.

        The embedding is both the hidden and the cell state.
        """
        arch_emb = pool(encoder_outputs)
        return arch_emb, arch_emb

    def step(
        self,
        encoder_outputs: Array,
        state: lstm.LSTMState,
        token: Array,
        position: Array,
    ) -> tuple[Array, lstm.LSTMState]:
        """Takes one free-running step.

        Args:
            encoder_outputs: float32 [batch, encoder_length, hidden].
            state: State after the tokens so far.
            token: The last token, int32 [batch]; 0 before the first.
            position: Index of the token to write, int32 scalar.

        Returns:
            Logits float32 [batch, vocab], without the grammar's mask, and the state.
        """
        inputs = self.embedding[token] + self.position[position]
        state = self.lstm.step(inputs @ self.kernel, state)
        return self._to_logits(state[0][:, None], encoder_outputs)[:, 0], state


class EncoderPredictorDecoder(nn.Module):
    """The three networks of the controller."""

    space: Space
    config: config_lib.ControllerConfig
    num_objectives: int = 1

    def setup(self) -> None:
        """Makes the networks."""
        self.encoder = Encoder(self.space, self.config)
        self.predictor = Predictor(self.config, self.num_objectives)
        self.decoder = Decoder(self.space, self.config)

    def __call__(
        self, tokens: Array, num_labelled: int | None = None, is_training: bool = False
    ) -> tuple[Array, Array]:
        """Encodes, predicts and reconstructs.

        Args:
            tokens: int32 [batch, length].
            num_labelled: The first so many rows are predicted, the others
                reconstructed. Where there are no others, or with None, all rows are
                both predicted and reconstructed.
            is_training: Whether dropout acts, with the key `dropout`.

        Returns:
            Predictions float32 [num_labelled] or [num_labelled, num_objectives] (see
            `Predictor`), and teacher-forced logits of the rows that are reconstructed,
            float32 [num_reconstructed, length, vocab].
        """
        encoder_outputs = self.encode(tokens)
        predictions = self.predict(encoder_outputs[:num_labelled], is_training)
        if num_labelled is not None and num_labelled < len(tokens):
            encoder_outputs = encoder_outputs[num_labelled:]
            tokens = tokens[num_labelled:]
        return predictions, self.decoder(encoder_outputs, tokens)

    def encode(self, tokens: Array) -> Array:
        """Maps tokens [batch, length] to encoder outputs [batch, steps, hidden]."""
        return self.encoder(tokens)

    def predict(self, encoder_outputs: Array, is_training: bool = False) -> Array:
        """Maps encoder outputs [batch, steps, hidden] to what `Predictor` returns."""
        return self.predictor(pool(encoder_outputs), is_training)

    def start(self, encoder_outputs: Array) -> lstm.LSTMState:
        """Returns the decoder's state before the first token."""
        return self.decoder.start(encoder_outputs)

    def step(
        self,
        encoder_outputs: Array,
        state: lstm.LSTMState,
        token: Array,
        position: Array,
    ) -> tuple[Array, lstm.LSTMState]:
        """Takes one free-running step of the decoder; see `Decoder.step`."""
        return self.decoder.step(encoder_outputs, state, token, position)
