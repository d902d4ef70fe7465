"""The recurrent cell by hand, and its gradient beside automatic differentiation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import highway
from nao.spaces.recurrent_cell import ACTIVATIONS, OUTPUTS
from tests.child.comparing import quick_jit

FUNCTIONS = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "identity": lambda x: x,
    "sigmoid": jax.nn.sigmoid,
}
WINDOW, BATCH, UNITS = 4, 3, 5
CELLS = [
    [[0, 0], [0, 1], [1, 2], [1, 3]],
    [[0, 3], [0, 0], [0, 0], [2, 1]],
    [[0, 0], [0, 2], [1, 1], [2, 0]],
]


def draw(num_nodes=3):
    keys = jax.random.split(jax.random.key(0), 5)
    wide = 2 * UNITS
    return (
        highway.Weights(
            jax.random.normal(keys[0], (UNITS, wide)),
            jax.random.normal(keys[1], (num_nodes, UNITS, wide)),
        ),
        jax.random.normal(keys[2], (WINDOW, BATCH, wide)),
        jax.random.normal(keys[3], (BATCH, UNITS)),
        jax.random.bernoulli(keys[4], 0.7, (BATCH, UNITS)) / 0.7,
    )


def plain(weights, received, start, mask, cell, output):
    """The same, as the papers write it."""
    h, outputs = start, []
    read = {source for source, _ in cell[1:]}
    for x in received:
        states = []
        for node, (source, number) in enumerate(cell):
            s = states[source] if node else h
            gates = s * mask @ (weights.nodes[node - 1] if node else weights.initial)
            c, z = jnp.split(gates if node else gates + x, 2, -1)
            value = FUNCTIONS[ACTIVATIONS[number]](z)
            states.append(s + jax.nn.sigmoid(c) * (value - s))
        chosen = {
            "nodes": states[1:],
            "states": states,
            "loose": [s for i, s in enumerate(states) if i not in read],
        }[output]
        h = sum(chosen) / len(chosen)
        outputs.append(h)
    return jnp.stack(outputs)


def ours(weights, received, start, mask, cell, output):
    cell = jnp.asarray(cell, jnp.int32)
    shares = highway.averaging(cell, output)
    return highway.run(weights, received, start, cell, shares, mask)


@functools.cache
def gradient_fn(function, output, cell=None):
    """Outputs and gradients of a weighed sum; of `cell`, or of one that is given."""

    def total(*args, cell=cell):
        outputs = function(*args, cell, output)
        return (
            outputs * jnp.sin(jnp.arange(outputs.size)).reshape(outputs.shape)
        ).sum(), outputs

    return quick_jit(jax.grad(total, (0, 1, 2), has_aux=True))


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_outputs_and_gradients_are_those_of_the_papers(cell, output):
    cell = tuple(map(tuple, cell))
    args = draw()
    expected = gradient_fn(plain, output, cell)(*args)
    universal = gradient_fn(ours, output)(*args, cell=jnp.array(cell))
    of_one = gradient_fn(ours, output, cell)(*args)
    for found in (universal, of_one):
        jax.tree.map(
            functools.partial(np.testing.assert_allclose, rtol=2e-5, atol=2e-5),
            found,
            expected,
        )


@pytest.mark.parametrize("number", range(len(ACTIVATIONS)))
def test_activations_and_their_slopes(number):
    x = jnp.linspace(-3, 3, 12)
    function = FUNCTIONS[ACTIVATIONS[number]]
    value, slope = highway.activate(x, number)
    np.testing.assert_allclose(value, function(x), atol=1e-6)
    np.testing.assert_allclose(slope, jax.vmap(jax.grad(function))(x), atol=1e-6)


def test_a_node_by_hand():
    """Without weights a gate is half open, and each activation is that of 0."""
    nothing = highway.Weights(jnp.zeros((1, 2)), jnp.zeros((2, 1, 2)))
    cell = jnp.array([[0, 0], [0, 3], [1, 0]])
    out = highway.run(
        nothing,
        jnp.zeros((1, 1, 2)),
        jnp.array([[8.0]]),
        cell,
        highway.averaging(cell, "nodes"),
        None,
    )
    # s0 = 8 + (0 - 8) / 2 = 4; s1 = 4 + (0.5 - 4) / 2 = 2.25; s2 = 2.25 / 2.
    np.testing.assert_allclose(out, [[[(2.25 + 1.125) / 2]]])


@pytest.mark.parametrize(
    ("output", "shares"),
    [
        ("nodes", [0, 1 / 3, 1 / 3, 1 / 3]),
        ("states", [1 / 4] * 4),
        ("loose", [0, 0, 0.5, 0.5]),
    ],
)
def test_what_an_output_averages(output, shares):
    np.testing.assert_allclose(highway.averaging(jnp.array(CELLS[0]), output), shares)
