import jax
import jax.numpy as jnp

from nao.system import compiling


def test_compilations_are_counted_by_name():
    """Two shapes of one function, one of them twice: two compilations."""

    @jax.jit
    def a_function_of_this_test(x):
        return jnp.sin(x) + 1

    with compiling.CompileMonitor() as monitor:
        for size in (3, 4, 3):
            a_function_of_this_test(jnp.zeros(size))
    assert monitor.counts["a_function_of_this_test"] == 2
    assert monitor.compile_seconds > 0
    assert monitor.trace_seconds > 0
    a_function_of_this_test(jnp.zeros(5))
    assert monitor.counts["a_function_of_this_test"] == 2
