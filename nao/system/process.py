"""What a process runs on, how long it has run and how much memory it has taken."""

import functools
import importlib.metadata
import itertools
import os
import pathlib
import platform
import resource
import subprocess
import sys
import time
from typing import Any

import jax

from nao.system import start

VERSION = "0.1.0"  # of nao; pyproject.toml reads it from here
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "optuna", "orbax-checkpoint")


def seconds_since_start() -> float:
    """Returns seconds since the program began: since the first import of nao."""
    return time.monotonic() - start.BEGUN


_works = itertools.count()  # pieces of work that this process began


def begin_work() -> float:
    """Returns the time, by `time.perf_counter`, from which work begun now counts.

    The start of the program for its first work, whose imports belong to it. Later work
    counts from now, and so does the first of an interactive session: what the user did
    before, or waited, is no part of it.
    """
    now, is_first = time.perf_counter(), next(_works) == 0
    is_interactive = hasattr(sys, "ps1")  # the prompt, which notebooks have as well
    return now - seconds_since_start() if is_first and not is_interactive else now


def peak_rss_mib() -> float:
    """Returns the largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def environment() -> dict[str, Any]:
    """Returns versions, devices, git revision and XLA flags: what a run ran on."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "packages": {"nao": VERSION} | {name: _version(name) for name in _PACKAGES},
        "devices": [str(device) for device in jax.devices()],
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "git_revision": _git_revision(),
    }


def versions() -> dict[str, str | None]:
    """Returns the versions of nao, of what it computes with, and of Python."""
    found = {name: _version(name) for name in ("jax", "flax", "optax")}
    return {"nao": VERSION} | found | {"python": platform.python_version()}


@functools.cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _git_revision() -> str | None:
    """Returns what git calls the code that this process has loaded."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    folder = pathlib.Path(__file__).parent
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
