"""Costs by what JAX traces: hand-worked numbers."""

import jax
import jax.numpy as jnp
from jax import lax

from nao.child import counting

PARAMS = {"a": jnp.ones((3, 4)), "b": jnp.ones((4, 4)), "c": jnp.ones(5)}


def test_products_and_convolutions_are_counted():
    """2x3 times 3x4: 24. Five outputs of 3 taps, 2 channels to 4: 120."""
    count = counting.count(lambda p: jnp.ones((2, 3)) @ p["a"], PARAMS)
    assert count == (12, 24)
    kernel = {"k": jnp.ones((3, 2, 4))}
    images = jnp.ones((1, 5, 2))
    numbers = ("NWC", "WIO", "NWC")
    count = counting.count(
        lambda p: lax.conv_general_dilated(
            images, p["k"], (1,), "SAME", dimension_numbers=numbers
        ),
        kernel,
    )
    assert count == (24, 120)


def test_what_no_output_depends_on_is_left_out():
    def function(params):
        unused = jnp.ones((9, 4)) @ params["b"]
        return jnp.ones(3) @ params["a"], jnp.ones(unused.shape)

    assert counting.count(function, PARAMS) == (12, 12)


def test_loops_count_as_often_as_they_run_and_calls_once():
    """Six times 4x4; of two branches the one with 4x4; a jitted function inside."""

    def function(params):
        step = jax.jit(lambda x: x @ params["b"])
        x, _ = lax.scan(lambda x, _: (step(x), None), jnp.ones(4), length=6)
        return lax.cond(x.sum() > 0, lambda x: x @ params["b"], lambda x: x, x)

    assert counting.count(function, PARAMS) == (16, 7 * 16)
