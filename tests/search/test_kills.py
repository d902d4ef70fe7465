"""SIGKILL at the n-th write to a run's folder, wherever that is."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")
def test_a_search_killed_at_any_write_ends_as_one_that_was_not(tmp_path):
    """Every ninth of some eighty writes; `python -m tests.killing FOLDER` does all."""
    command = [sys.executable, "-m", "tests.killing", str(tmp_path), "9"]
    environment = os.environ | {
        "NAO_CACHE_DIR": str(tmp_path / "cache"),
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    outcomes = [line.split()[0] for line in done.stdout.splitlines()]
    assert len(outcomes) >= 8 and set(outcomes) == {"same"}
