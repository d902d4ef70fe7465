import os
import types

import jax
import jax.numpy as jnp
import pytest

from nao.system import compiling

LOOPS = "--xla_backend_extra_options=xla_cpu_disable_loop_unrolling"
PASSES = (
    "--xla_disable_hlo_passes=hlo-verifier,while-loop-invariant-code-motion,"
    "conditional-simplifier,reshape-mover"
)


@pytest.fixture
def sooner(monkeypatch):
    """Returns a function of flags of XLA to those after `compile_sooner`."""

    def flags(before=None, platforms="cpu"):
        monkeypatch.delenv("XLA_FLAGS", raising=False)
        if before is not None:
            monkeypatch.setenv("XLA_FLAGS", before)
        config = types.SimpleNamespace(jax_platforms=platforms)
        monkeypatch.setattr(compiling, "jax", types.SimpleNamespace(config=config))
        compiling.compile_sooner()
        return os.environ["XLA_FLAGS"]

    return flags


def test_loops_are_left_as_they_are_unless_the_user_has_options(sooner):
    name = "--xla_backend_extra_options"
    for before, after in [
        (None, f"{LOOPS} {PASSES}"),
        ("--xla_dump_to=a", f"--xla_dump_to=a {LOOPS} {PASSES}"),
        (f"{name}=b", f"{name}=b {PASSES}"),
        ("--xla_disable_hlo_passes=cse", f"--xla_disable_hlo_passes=cse {LOOPS}"),
    ]:
        assert sooner(before) == after


@pytest.mark.parametrize("platforms", ["", "cuda", "tpu,cpu"])
def test_no_pass_is_left_out_where_accelerators_may_be(sooner, monkeypatch, platforms):
    monkeypatch.setattr(compiling, "_PLUGINS", ("no_such_package", "jax"))
    assert sooner(platforms=platforms) == LOOPS
    assert sooner(platforms="cpu") == f"{LOOPS} {PASSES}"
    monkeypatch.setattr(compiling, "_PLUGINS", ("no_such_package",))
    assert sooner(platforms=platforms) == f"{LOOPS} {PASSES}"


def test_programs_compiled_beside_each_other_take_their_time_once(monkeypatch):
    """By hand: from 2 to 5, from 4 to 6, from 1 to 7; then from 8 to 9."""
    monitor, name = compiling.CompileMonitor(), compiling._COMPILE
    for end, seconds in ((5.0, 3.0), (6.0, 2.0), (7.0, 6.0), (9.0, 1.0)):
        monkeypatch.setattr(compiling.time, "monotonic", lambda end=end: end)
        monitor._listen(name, seconds, "a")
    assert monitor.compile_seconds == 7
    assert monitor.counts == {"a": 4}


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
