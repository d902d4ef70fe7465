import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.controller import decoding

LEGAL = jnp.array([[False, True, True, False], [False, False, True, True]])


def _constant(logits):
    """A decoder whose logits are the same at every step."""

    def step_fn(state, token, position):
        return jnp.broadcast_to(jnp.array(logits), (len(token), 4)), state

    return step_fn


def _decode(logits, temperature, num=2, seed=0):
    state = (jnp.zeros((num, 1)), jnp.zeros((num, 1)))
    key = jax.random.key(seed)
    return decoding.decode(_constant(logits), state, LEGAL, key, temperature)


def test_an_illegal_token_never_wins():
    """All legal scores are negative: the released mask would let token 0 win."""
    tokens = _decode([9.0, -3.0, -2.0, -1.0], 0.0)
    np.testing.assert_array_equal(tokens, [[2, 3], [2, 3]])
    assert tokens.dtype == jnp.int32


def test_sampling_follows_the_masked_softmax():
    """Logits log 3 and 0 draw the first token in 3 of 4 cases.

    10,000 draws have a standard error of sqrt(0.75 * 0.25 / 10,000) = 0.0043; the
    margin is five of those.
    """
    tokens = _decode([0.0, np.log(3), 0.0, np.log(3)], 1.0, num=10_000)
    np.testing.assert_allclose((tokens[:, 0] == 1).mean(), 0.75, atol=0.022)
    np.testing.assert_allclose((tokens[:, 1] == 3).mean(), 0.75, atol=0.022)


def test_each_token_is_read_by_the_next_step():
    def step_fn(state, token, position):
        return jax.nn.one_hot((token + 2) % 4, 4) * 5.0, state

    state = (jnp.zeros((1, 1)), jnp.zeros((1, 1)))
    legal = jnp.ones((3, 4), bool)
    tokens = decoding.decode(step_fn, state, legal, jax.random.key(0), 0.0)
    np.testing.assert_array_equal(tokens, [[2, 0, 2]])


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_jitted_equals_eager(temperature):
    logits = [0.0, 1.0, 0.5, 0.2]
    jitted = jax.jit(lambda t: _decode(logits, t))(temperature)
    np.testing.assert_array_equal(jitted, _decode(logits, temperature))
