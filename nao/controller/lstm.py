"""The long short-term memory of the encoder and the decoder, as one rolled scan.

Tokens come from a small vocabulary, so that their product with the input kernel is a
row of a projected vocabulary table rather than a matrix product per step. Rows are
looked up inside the scan: reading the inputs of all steps at once from memory takes
longer than the recurrence itself.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from nao.types import Array

_MAX_UNROLLED = 8  # steps; longer sequences run as a loop

LSTMState = tuple[Array, Array]  # hidden and cell state, float32 [batch, hidden] each


class Lookup(NamedTuple):
    """Sequences of tokens, and the vectors that a layer reads in their place.

    A step may read several tokens, its parts; their vectors are added.

    Attributes:
        tokens: int32 [length, batch, parts]; time comes first, as a scan reads it.
        tables: Vector of each token in each part, float32 [parts, vocab, size].
        positions: Added at every step, float32 [length, size].
    """

    tokens: Array
    tables: Array
    positions: Array

    def at(self, tokens: Array, position: Array) -> Array:
        """Maps the tokens [batch, parts] of a step to float32 [batch, size]."""
        # The position is added to the few rows of a table rather than to each row of
        # the batch, which takes half the time.
        first, *others = self.tables
        tables = (first + position, *others)
        return sum(table[tokens[:, i]] for i, table in enumerate(tables))

    def all(self) -> Array:
        """Returns what every step reads, float32 [length, batch, size]."""
        return jax.vmap(self.at)(self.tokens, self.positions)


def lstm_step(kernel: Array, state: LSTMState, projected: Array) -> LSTMState:
    """Takes one step of the recurrence.

    Args:
        kernel: Recurrent kernel, float32 [hidden, 4 * hidden]; its blocks are the
            input gate, the forget gate, the candidate and the output gate.
        state: Hidden and cell state, float32 [batch, hidden] each.
        projected: Projected input with its bias, float32 [batch, 4 * hidden].

    Returns:
        The next state; its first part is the step's output.
    """
    hidden, cell = state
    gates = projected + hidden @ kernel
    input_gate, forget_gate, candidate, output_gate = jnp.split(gates, 4, axis=-1)
    # The forget gate starts open, at sigmoid(1) (Jozefowicz et al., 2015).
    cell = jax.nn.sigmoid(forget_gate + 1) * cell
    cell = cell + jax.nn.sigmoid(input_gate) * jnp.tanh(candidate)
    return jax.nn.sigmoid(output_gate) * jnp.tanh(cell), cell


class LSTM(nn.Module):
    """One layer over tokens that are looked up.

    Attributes:
        hidden_size: Size of the hidden and of the cell state.
        reverse: Reads from the last step to the first.
    """

    hidden_size: int
    reverse: bool = False

    def setup(self) -> None:
        """Makes the recurrent kernel and the bias."""
        shape = (self.hidden_size, 4 * self.hidden_size)
        # Not orthogonal: that takes a QR factorisation, and one batched over an
        # ensemble can wait for itself in XLA's CPU threads for ever (jaxlib 0.10).
        init = nn.initializers.lecun_uniform()
        self.kernel = self.param("kernel", init, shape)
        self.bias = self.param("bias", nn.initializers.zeros, shape[1:])

    def __call__(self, inputs: Lookup, state: LSTMState | None = None) -> Array:
        """Runs over a whole sequence.

        Args:
            inputs: Tokens, with tables and positions times the input kernel, of size
                4 * hidden.
            state: State before the first step; zeros where None.

        Returns:
            Hidden states, float32 [length, batch, hidden].
        """
        length, batch, _ = inputs.tokens.shape
        if state is None:
            zeros = jnp.zeros((batch, self.hidden_size))
            state = (zeros, zeros)
        kernel = self.kernel

        def body(
            state: LSTMState, step: tuple[Array, Array]
        ) -> tuple[LSTMState, Array]:
            state = lstm_step(kernel, state, inputs.at(*step))
            return state, state[0]

        steps = (inputs.tokens, inputs.positions + self.bias)
        # A short sequence is worth compiling step by step: it runs a third faster.
        unroll = length if length <= _MAX_UNROLLED else 1
        return jax.lax.scan(body, state, steps, reverse=self.reverse, unroll=unroll)[1]

    def step(self, projected: Array, state: LSTMState) -> LSTMState:
        """Takes one step on projected inputs [batch, 4 * hidden]."""
        return lstm_step(self.kernel, state, projected + self.bias)
