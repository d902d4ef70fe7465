"""Fixtures every test shares."""

import atexit
import gc
import importlib.util
import mmap
import os
import pathlib

import jax
import numpy as np
import pytest

from nao import files, spaces
from nao.system import compiling


def _has_flag(name):
    """Says whether jaxlib knows a flag; of one that it doesn't, it ends the process.

    The names of flags that were dropped stand in it still, what sets them doesn't.
    """
    folder = pathlib.Path(importlib.util.find_spec("jaxlib").origin).parent
    for path in folder.glob("libjax_common.*"):
        with path.open("rb") as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as library:
                return library.find(f"set_{name}".encode()) >= 0
    return False


# Tests compile a lot and compute little: programs that are neither optimised nor fused
# by MLIR, which users' are, save half of it. Splitting them among cores saves nothing,
# as each core has tests of its own.
_FLAGS = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": "false",
    "xla_cpu_parallel_codegen_split_count": 1,
}
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        *(f"--{name}={value}" for name, value in _FLAGS.items() if _has_flag(name)),
    ]
)
compiling.compile_sooner()
# For what runs on several devices; all else takes the first.
jax.config.update("jax_num_cpu_devices", 8)
# JAX keeps the devices that it finds first: `launch.py`, run in this process, asks for
# another number, and must come too late in whatever order tests run.
jax.devices()
# One cache for all workers, and for the next run, apart from that of `launch.py`, which
# leaves a folder that is set as it is.
jax.config.update("jax_compilation_cache_dir", str(files.cache_dir() / "tests"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
# Tracing makes many objects that live on; looking for garbage among them is a tenth of
# the time.
gc.freeze()
gc.set_threshold(100_000)


def pytest_sessionfinish():
    """Looks for garbage once; pytest does five times, among millions of objects."""
    gc.collect()
    gc.freeze()


# To free what was compiled takes a worker five seconds, at the end of its process.
if "PYTEST_XDIST_WORKER" in os.environ:
    atexit.register(os._exit, 0)

# Each compiled program takes a few of the 65,530 mappings that Linux gives a process;
# beyond them the compiler crashes.
_MOST_MAPPINGS = 25_000


@pytest.fixture(scope="module", autouse=True)
def few_programs():
    """Forgets compiled programs after a module where a process has many of them."""
    yield
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > _MOST_MAPPINGS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(
    params=[
        spaces.ConvCell(),
        spaces.ConvCell(num_nodes=2),
        spaces.ConvCell("nao", num_nodes=2, join="nodes"),
        spaces.ConvCell(num_nodes=1, join=((0, 2), (2,))),
        spaces.NASBench201(),
        spaces.TopologyCell(("n", "s", "c", "3"), none="n", skip="s"),
        spaces.TopologyCell(("3x3", "5x5", "skip"), num_nodes=3, skip="skip"),
        spaces.TopologyCell(("c", "id", "3", "zero", "p"), 5, "zero", "id"),
        spaces.RecurrentCell(),
        spaces.RecurrentCell(3, output="loose"),
        spaces.RecurrentCell(2, "relu,sigmoid", "states", first=True),
        spaces.custom(
            {"kernel": (3, 5), "depth": (1, 2, 3), "norm": ("batch norm", "3")}
        ),
        spaces.custom({"only": ("choice",)}, name="single"),
        spaces.custom(
            {"layers": (1, 2, None), "bias": (True, False), "rate": (0.01, 0.1)},
            valid=lambda choices: choices["bias"] or choices["layers"] is not None,
            name="constrained",
        ),
    ],
    ids=lambda space: f"{space.name}-{space.length}",
)
def space(request):
    """Every space of the project; a new one is added here."""
    return request.param
