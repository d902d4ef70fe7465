"""Compiled programs: how they are made, kept on disk, counted and timed."""

import collections
import importlib.util
import os
import threading
import time

import jax

from nao.files import cache_dir

# Flags of XLA. Of the passes over programs these find next to nothing in a child, and
# `hlo-verifier` looks for mistakes of the others.
_LOOPS = {"xla_backend_extra_options": "xla_cpu_disable_loop_unrolling"}
_PASSES = {
    "xla_disable_hlo_passes": "hlo-verifier,while-loop-invariant-code-motion,"
    "conditional-simplifier,reshape-mover"
}
_PLUGINS = ("jax_plugins", "libtpu")  # packages by which JAX finds accelerators

# Events of `jax.monitoring`.
_TRACE = "/jax/core/compile/jaxpr_trace_duration"
_LOWER = "/jax/core/compile/jaxpr_to_mlir_module_duration"
_COMPILE = "/jax/core/compile/backend_compile_duration"


def use_compile_cache() -> None:
    """Keeps compiled programs on disk, so that a second process starts at once.

    A setting the user has made (`JAX_COMPILATION_CACHE_DIR`) stays.
    """
    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "jax"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def compile_sooner() -> None:
    """Has XLA leave out what takes it long and gains a child nothing.

    That is to unroll loops of programs for CPUs (LLVM), after which a child trains a
    twenty-fifth longer as well, and, where no accelerator may be in use, a few passes
    over programs: together a quarter of the time a child takes to compile. Has no
    effect once XLA has been used; flags of the user's `XLA_FLAGS` stay.
    """
    has_plugin = any(importlib.util.find_spec(name) for name in _PLUGINS)
    is_alone = jax.config.jax_platforms == "cpu" or not has_plugin
    flags = [os.environ.get("XLA_FLAGS", "")]
    for name, value in (_LOOPS | (_PASSES if is_alone else {})).items():
        if name not in flags[0]:
            flags.append(f"--{name}={value}")
    os.environ["XLA_FLAGS"] = " ".join(flags).strip()


class CompileMonitor:
    """Counts and times what JAX traces and compiles while it is in use.

    Attributes:
        counts: Compilations by function name; one answered from the cache counts.
        trace_seconds: Time spent tracing and lowering compiled functions.
    """

    def __init__(self):
        self.counts: collections.Counter[str] = collections.Counter()
        self.trace_seconds = 0.0
        self._traced: dict[str, float] = {}
        # When something was compiled, spans apart from each other in order.
        self._spans: list[tuple[float, float]] = []
        self._lock = threading.Lock()  # Programs are compiled by several threads.

    def __enter__(self) -> "CompileMonitor":
        jax.monitoring.register_event_duration_secs_listener(self._listen)
        return self

    def __exit__(self, *error) -> None:
        jax.monitoring.unregister_event_duration_listener(self._listen)

    @property
    def compile_seconds(self) -> float:
        """Time in which something was compiled, or read from the compile cache."""
        return sum((end - begin for begin, end in self._spans), 0.0)

    def _listen(self, event: str, seconds: float, fun_name: str = "", **_) -> None:
        with self._lock:
            self._note(event, seconds, fun_name)

    def _note(self, event: str, seconds: float, fun_name: str) -> None:
        name = fun_name.removeprefix("jit(").removesuffix(")")
        if event == _TRACE:
            # A function traced inside another reports too; only those that are
            # compiled by themselves count.
            self._traced[name] = seconds
        elif event == _LOWER:
            self.trace_seconds += seconds + self._traced.pop(name, 0.0)
        elif event == _COMPILE:
            self.counts[name] += 1
            end = time.monotonic()
            begin = end - seconds
            beside = [span for span in self._spans if span[1] > begin]
            begin = min([begin, *(span[0] for span in beside)])
            apart = len(self._spans) - len(beside)
            self._spans = [*self._spans[:apart], (begin, end)]

    def by_name(self) -> dict[str, int]:
        """Returns how often each function was compiled, and `total`, all together."""
        return {"total": self.counts.total(), **dict(self.counts.most_common())}

    def seconds(self) -> dict[str, float]:
        """Returns the seconds of `trace` and `compile` so far."""
        return {"trace": self.trace_seconds, "compile": self.compile_seconds}
