"""Steps that a mixture is learned by, by hand."""

import jax
import jax.numpy as jnp
import numpy as np

from nao.child.mixture_programs import drawn, logits_step

KEY = jax.random.key(0)


def test_operations_are_drawn_by_their_weights():
    """2000 draws of weights .5, .3, .2: a standard error of .011 at most."""
    logits = jnp.log(jnp.array([0.5, 0.3, 0.2]))
    keys = jax.random.split(KEY, 2000)
    found = jax.vmap(lambda key: drawn(key, logits, 0.1))(keys)
    np.testing.assert_array_equal(np.sort(found, -1)[:, :2], 0)
    np.testing.assert_allclose(found.mean(0), [0.5, 0.3, 0.2], atol=0.045)
    # The gradient is the softmax's: rises of all logits together change nothing.
    grads = jax.grad(lambda x: drawn(KEY, x, 1.0) @ jnp.array([1.0, 2.0, 4.0]))(logits)
    assert abs(grads).max() > 1e-3 and abs(grads.sum()) < 1e-6


def test_logits_take_a_step_of_adam():
    """The first step is as long as the learning rate, against the decayed gradient."""
    logits = jnp.array([1.0, -1.0, 0.0])
    zeros = jnp.zeros(3)
    state = dict(logits=logits, mean=zeros, square=zeros, steps=jnp.int32(0))
    after = logits_step(state, jnp.array([-0.05, 0.2, 0.3]), 0.01, 0.1)
    # -.05 + .1 * 1 = .05; .2 - .1 = .1; .3.
    np.testing.assert_allclose(after["logits"], logits - 0.01, rtol=1e-4)
    np.testing.assert_allclose(after["mean"], [0.025, 0.05, 0.15], rtol=1e-5)
    np.testing.assert_allclose(after["square"], [2.5e-6, 1e-5, 9e-5], rtol=1e-3)
