import functools

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import lstm


def test_step_by_hand():
    """One unit, hidden 0.5, cell 1, recurrent kernel 2 in every gate, inputs 0.

    Each gate reads 0.5 * 2 = 1: sigmoid(1) = 0.731059 and tanh(1) = 0.761594; the
    forget gate gets 1 more, sigmoid(2) = 0.880797. The cell becomes 0.880797 * 1 +
    0.731059 * 0.761594 = 1.437567, and the output 0.731059 * tanh(1.437567) =
    0.731059 * 0.893207 = 0.652987.
    """
    state = (jnp.array([[0.5]]), jnp.array([[1.0]]))
    hidden, cell = lstm.lstm_step(jnp.full((1, 4), 2.0), state, jnp.zeros((1, 4)))
    np.testing.assert_allclose(cell, [[1.437567]], rtol=1e-5)
    np.testing.assert_allclose(hidden, [[0.652987]], rtol=1e-5)


def test_lookup_by_hand():
    """Two parts of a vocabulary of two: rows 1 and 20, and 2 and 10, plus positions."""
    lookup = lstm.Lookup(
        tokens=jnp.array([[[0, 1]], [[1, 0]]]),
        tables=jnp.array([[[1.0], [2.0]], [[10.0], [20.0]]]),
        positions=jnp.array([[0.5], [0.25]]),
    )
    np.testing.assert_array_equal(lookup.all(), [[[21.5]], [[12.25]]])


def test_sequence_equals_steps_in_both_directions():
    keys = jax.random.split(jax.random.key(0), 3)
    inputs = lstm.Lookup(  # 3 steps of 2 rows, two parts of 5 tokens
        tokens=jax.random.randint(keys[0], (3, 2, 2), 0, 5),
        tables=jax.random.normal(keys[1], (2, 5, 8)),
        positions=jax.random.normal(keys[2], (3, 8)),
    )
    for reverse in (False, True):
        layer = lstm.LSTM(2, reverse=reverse)
        variables = jax.jit(layer.init)(jax.random.key(1), inputs)
        outputs = jax.jit(layer.apply)(variables, inputs)
        step = jax.jit(functools.partial(layer.apply, method="step"))
        state = (jnp.zeros((2, 2)), jnp.zeros((2, 2)))
        for t in (2, 1, 0) if reverse else (0, 1, 2):
            projected = inputs.all()[t]
            state = step(variables, projected, state)
            np.testing.assert_allclose(outputs[t], state[0], rtol=1e-5, atol=1e-6)
