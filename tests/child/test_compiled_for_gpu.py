"""Programs of children, compiled for a GPU that need not be at hand."""

import importlib.metadata
import pathlib
import subprocess
import sys

import jax
import pytest

PLUGIN = "jax-cuda13-plugin"
installed = [found.name for found in importlib.metadata.distributions()]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PLUGIN not in installed,
        reason=f"JAX does not compile for a GPU: pip install --no-deps {PLUGIN}=="
        f"{jax.__version__} jax-cuda13-pjrt=={jax.__version__} nvidia-cuda-nvcc "
        "nvidia-nvvm",
    ),
]


@pytest.mark.parametrize("program", ["child_train_epoch", "child_evaluate"])
@pytest.mark.parametrize("kind", ["universal", "specialised"])
@pytest.mark.parametrize("name", ["conv_cell", "nasbench201", "recurrent_cell"])
def test_a_program_is_compiled_for_a_gpu(name, kind, program):
    """XLA's own checks end the process where its passes don't get along with it."""
    script = pathlib.Path(__file__).with_name("gpu_compiler.py")
    words = [sys.executable, str(script), name, program, kind]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    assert done.stdout.startswith("Compiled for NVIDIA H100")
