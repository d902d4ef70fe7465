"""What a loop keeps for the way back changes no gradient."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child.keeping import keeping, kept

XS = jnp.linspace(0.5, 1.5, 12).reshape(4, 3)


def gradient(wrap):
    """Returns the gradient through a loop of steps, wrapped, and its program."""

    def step(carry, x):
        before = kept(jnp.sin(carry * x))
        return jnp.tanh(before) * x, None

    def total(carry):
        return lax.scan(wrap(step), carry, XS)[0].sum()

    program = jax.make_jaxpr(jax.grad(total))(XS[0])
    return jax.grad(total)(XS[0]), str(program)


def test_gradients_are_those_without_it():
    (ours, _), (theirs, _) = gradient(keeping), gradient(lambda step: step)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_what_was_not_kept_is_computed_once_more():
    (_, ours), (_, theirs) = gradient(keeping), gradient(lambda step: step)
    assert (theirs.count("= tanh "), theirs.count("= sin ")) == (1, 1)
    # Once in each direction; what was kept, on the way there alone.
    assert (ours.count("= tanh "), ours.count("= sin ")) == (2, 1)
