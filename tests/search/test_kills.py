"""SIGKILL at the n-th write to a run's folder, wherever that is."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")
@pytest.mark.parametrize(
    ("job", "every", "least"),
    [
        ("search", 18, 4),
        ("halving", 22, 2),
        ("learning", 22, 2),
        ("finalists", 14, 2),
        ("front", 22, 2),
        ("aim", 22, 2),
        ("children", 40, 1),
        ("readers", 40, 1),
        # `random_ws` and `enas` write alike.
        ("nao_ws", 80, 1),
        ("mixture", 40, 1),
        ("training", 30, 1),
        ("averaging", 50, 1),
        ("averaging-readers", 50, 1),
        ("benchmark", 18, 1),
    ],
)
def test_a_job_killed_at_any_write_ends_as_one_that_was_not(
    tmp_path, job, every, least
):
    """A sample of the writes; `python -m tests.killing FOLDER JOB` takes all."""
    command = [sys.executable, "-m", "tests.killing", str(tmp_path), job, str(every)]
    environment = os.environ | {
        # All programs, however small: each process begins without any.
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    outcomes = [line.split()[0] for line in done.stdout.splitlines()]
    assert len(outcomes) >= least and set(outcomes) == {"same"}
