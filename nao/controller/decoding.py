"""Free-running decoding under the grammar's mask, as one rolled scan."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nao.controller import lstm
from nao.types import Array


def decode(
    step_fn: Callable[[lstm.LSTMState, Array, Array], tuple[Array, lstm.LSTMState]],
    state: lstm.LSTMState,
    legal: Array,
    key: Array | None = None,
    temperature: Array | float = 0.0,
) -> Array:
    """Writes sequences token by token, each token fed back into the next step.

    Illegal tokens get the score -inf, so a sequence is grammatical by construction. The
    released TensorFlow decoder multiplies raw scores with 0 and 1 instead, which lets
    an illegal token win when all legal scores are negative.

    Args:
        step_fn: Maps state, last token int32 [batch] and position to logits
            [batch, vocab] and the next state.
        state: State before the first token, float32 [batch, hidden] each.
        legal: bool [length, vocab].
        key: Source of randomness; None decodes greedily at any temperature.
        temperature: 0 takes the likeliest token, 1 samples from the softmax, more
            samples more widely.

    Returns:
        int32 [batch, length].
    """
    num = state[0].shape[0]
    length = legal.shape[0]

    # The largest of logits plus Gumbel noise is a draw from their softmax. All noise in
    # one draw: inside the scan it takes longer to compile than the decoder.
    noise = jnp.zeros((length, num, 1))
    if key is not None:
        noise = temperature * jax.random.gumbel(key, (length, num, legal.shape[1]))

    def body(
        carry: tuple[lstm.LSTMState, Array], inputs: tuple[Array, Array, Array]
    ) -> tuple[tuple[lstm.LSTMState, Array], Array]:
        state, token = carry
        position, legal_here, noise_here = inputs
        logits, state = step_fn(state, token, position)
        scores = jnp.where(legal_here, logits + noise_here, -jnp.inf)
        token = jnp.argmax(scores, axis=-1).astype(jnp.int32)
        return (state, token), token

    start = jnp.zeros(num, jnp.int32)  # id 0 is the start token
    inputs = (jnp.arange(length), legal, noise)
    _, tokens = jax.lax.scan(body, (state, start), inputs)
    return tokens.swapaxes(0, 1)
