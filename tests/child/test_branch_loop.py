import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import parameters
from nao.child.branch_loop import Wiring, run_branches
from nao.child.branches import Packing

NAMES = ("identity", "max_pool_3x3", "sep_conv_3x3")
# Two buffers; state 2 reads 0 and the other buffer's 1, state 3 reads 2 and 0.
WIRING = Wiring(
    option=np.array([2, 0, 1, 2]),
    reads=(np.array([0, 0, 2, 0]), np.array([0, 1, 0, 0])),
    writes=np.array([2, 2, 3, 3]),
)


def _unrolled(options, buffers, vectors, running, wiring, keep):
    """The same by indexing in Python, for automatic differentiation."""
    states, after = list(buffers[0]), []
    for i, option in enumerate(wiring.option):
        x = [
            buffer[r[i]]
            for buffer, r in zip(buffers[1:], wiring.reads[1:], strict=True)
        ]
        out, new = options[option](
            vectors[i], running[i], states[wiring.reads[0][i]], *x
        )
        if keep is not None:
            out = out * keep[i][:, None, None, None]
        states[wiring.writes[i]] = states[wiring.writes[i]] + out
        after.append(new)
    return jnp.stack(states), jnp.stack(after)


@pytest.mark.parametrize("with_keep", [False, True])
def test_loop_equals_unrolled_branches(with_keep):
    """States, running averages, and gradients of parameters and both buffers."""
    packing = Packing(NAMES, 3, (1,))
    key = jax.random.key(0)
    vectors = jax.random.normal(key, (4, packing.size))
    states = jax.random.normal(jax.random.key(1), (4, 2, 5, 4, 3)).at[2:].set(0)
    other = jax.random.normal(jax.random.key(2), (2, 2, 5, 4, 3))
    running = parameters.init_running(4, packing.num_norms, 3)
    keep = jnp.array([[1.0, 0], [2, 1], [0, 0], [1, 3]]) if with_keep else None
    branches = packing.branches(1, train=True)

    def sum_of_reads(branch, vector, running, *x):
        return branch(vector, running, sum(x))

    options = tuple(functools.partial(sum_of_reads, branch) for branch in branches)

    def loss_fn(run, buffers, vectors, wiring):
        out, new = run(options, buffers, vectors, running, wiring, keep)
        return (out * jnp.sin(jnp.arange(out.size)).reshape(out.shape)).sum(), (
            out,
            new,
        )

    def results(run, wiring):
        grad_fn = jax.grad(functools.partial(loss_fn, run), (0, 1), has_aux=True)
        return jax.jit(functools.partial(grad_fn, wiring=wiring))(
            (states, other), vectors
        )

    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5),
        results(run_branches, jax.tree.map(jnp.asarray, WIRING)),
        results(_unrolled, WIRING),
    )


def test_a_branch_by_hand():
    """Doubles or adds one: state 1 = 2 * state 0, state 2 = (state 1 + 1) * 5."""

    def double(vector, running, x):
        return vector[0] * x, running

    def add(vector, running, x):
        return x + vector[0], running

    states = jnp.zeros((3, 1, 1, 1, 1)).at[0].set(3.0)
    wiring = Wiring(jnp.array([0, 1]), (jnp.array([0, 1]),), jnp.array([1, 2]))
    vectors, running = jnp.array([[2.0], [1.0]]), jnp.zeros((2, 0, 2, 1))

    def last(states, vectors):
        keep = jnp.array([[1.0], [5.0]])
        out, _ = run_branches((double, add), (states,), vectors, running, wiring, keep)
        return out[2, 0, 0, 0, 0]

    assert last(states, vectors) == 35
    of_states, of_vectors = jax.grad(last, (0, 1))(states, vectors)
    np.testing.assert_array_equal(np.ravel(of_states), [10, 5, 1])
    np.testing.assert_array_equal(np.ravel(of_vectors), [15, 5])
