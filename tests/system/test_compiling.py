import os

import jax
import jax.numpy as jnp

from nao.system import compiling


def test_loops_are_left_as_they_are_unless_the_user_has_options(monkeypatch):
    name = "--xla_backend_extra_options"
    option = f"{name}=xla_cpu_disable_loop_unrolling"
    for before, after in [
        (None, option),
        ("--xla_dump_to=a", f"--xla_dump_to=a {option}"),
        (f"{name}=b", f"{name}=b"),
    ]:
        if before is None:
            monkeypatch.delenv("XLA_FLAGS", raising=False)
        else:
            monkeypatch.setenv("XLA_FLAGS", before)
        compiling.unroll_no_loops()
        assert os.environ["XLA_FLAGS"] == after


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
