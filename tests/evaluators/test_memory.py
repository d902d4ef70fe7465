"""A child too large for the memory that the process may take."""

import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest

import nao
from nao import strategies
from nao.child import ChildConfig, FinalConfig
from nao.data import PARTS, ImageDataset, Split
from nao.evaluators import TrainingEvaluator
from nao.spaces import ConvCell

ROOT = pathlib.Path(__file__).parents[2]


def _search(folder):
    """Trains cells of 256 channels, 18 GiB, in 2 GiB more than the process has."""
    import resource

    space = ConvCell(("avg_pool_3x3", "identity"), num_nodes=1)
    labels = np.arange(512, dtype=np.int32) % 2
    splits = [Split(np.zeros((512, 32, 32, 3), np.float32), labels) for _ in PARTS]
    evaluator = TrainingEvaluator(
        space,
        ImageDataset("black", 2, *splits),
        ChildConfig(channels=256, batch_size=256, epochs=1),
        FinalConfig(epochs=1),
    )
    jax.numpy.zeros(3).block_until_ready()  # The backend's threads are there now.
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    nao.search(
        strategies.RandomSearch(space),
        evaluator,
        num_trials=4,
        workdir=folder,
        progress=False,
        report=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of address space")
def test_children_without_memory_are_failed_trials(tmp_path):
    """The process lives on: it says what failed, and all four trials are kept."""
    command = [sys.executable, "-m", "tests.evaluators.test_memory", str(tmp_path)]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert "NothingSucceededError: All 4 evaluations failed" in done.stderr
    assert "out of memory: RESOURCE_EXHAUSTED" in done.stderr
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 4


if __name__ == "__main__":
    _search(sys.argv[1])
