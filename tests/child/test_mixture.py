"""Edges that mix operations."""

import jax
import jax.numpy as jnp
import numpy as np

from nao.child.branches import Packing
from nao.child.mixture import Edges, mix_edges

NAMES = ("none", "identity", "max_pool_3x3", "dil_conv_3x3")
PACKING = Packing(NAMES, 2, (1,), affine=False)
BRANCHES = PACKING.branches(1, train=True)
EDGES = Edges(np.array([0, 0, 1]), np.array([1, 2, 2]))
VECTORS = jax.random.normal(jax.random.key(0), (3, PACKING.size))
RUNNING = jnp.ones((3, len(NAMES), PACKING.num_norms, 2, 2))
X = jax.random.normal(jax.random.key(1), (4, 3, 3, 2))


def states(weights, one_path=False):
    start = jnp.stack([X, jnp.zeros_like(X), jnp.zeros_like(X)])
    variables = VECTORS, RUNNING
    return mix_edges(BRANCHES, start, None, variables, weights, EDGES, one_path)


def output(edge, name, x):
    return BRANCHES[NAMES.index(name)](VECTORS[edge], RUNNING[edge, 0], x)


def test_equal_weights_give_the_mean_of_all_operations():
    weights = jnp.full((3, len(NAMES)), 0.25)
    found, running = states(weights)
    mean = sum(output(0, name, X)[0] for name in NAMES) / 4
    np.testing.assert_allclose(found[1], mean, rtol=1e-5, atol=1e-6)
    # Node 2 adds both of its edges.
    both = sum(output(1, n, X)[0] + output(2, n, found[1])[0] for n in NAMES) / 4
    np.testing.assert_allclose(found[2], both, rtol=1e-4, atol=1e-5)
    # A pooling has a norm; `none` has none.
    pool = NAMES.index("max_pool_3x3")
    after = output(0, "max_pool_3x3", X)[1]
    np.testing.assert_allclose(running[0, pool], after, rtol=1e-5)
    np.testing.assert_array_equal(running[:, 0], RUNNING[:, 0])


def test_poolings_come_normalised():
    pooled, _ = output(0, "max_pool_3x3", X)
    np.testing.assert_allclose(pooled.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(pooled.var((0, 1, 2)), 1, rtol=1e-3)


def test_one_path_computes_the_same_where_weights_are_on_one_operation():
    """An edge without any weight gives zeros."""
    weights = jnp.zeros((3, 4)).at[0, 3].set(1.0).at[2, 1].set(0.5)
    found, running = states(weights, one_path=True)
    np.testing.assert_allclose(found, states(weights)[0], rtol=1e-5, atol=1e-6)
    expected = output(0, "dil_conv_3x3", X)[0]
    np.testing.assert_allclose(found[1], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[2], expected / 2, rtol=1e-5, atol=1e-6)
    # Those that are not computed have their running averages as they were.
    np.testing.assert_array_equal(running[0, :3], RUNNING[0, :3])


def test_gradients_of_weights_are_what_operations_give():
    """Of the sum of node 1, in the weight of an operation: the sum of its output."""
    weights = jnp.full((3, len(NAMES)), 0.25)
    grads = jax.grad(lambda w: (states(w)[0][1] * X).sum())(weights)
    expected = [(output(0, name, X)[0] * X).sum() for name in NAMES]
    np.testing.assert_allclose(grads[0], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(grads[1:], 0)
