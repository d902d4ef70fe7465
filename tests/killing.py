"""Kills searches at their n-th write, for every n, and goes on with each.

    python -m tests.killing FOLDER [EVERY]

Prints a line for each: the event that was the last, and whether the search that went
on ended as one that was never killed. Forks before JAX has begun any thread.
"""

import functools
import json
import os
import pathlib
import signal
import sys

import nao
from nao import strategies
from nao.controller import ControllerConfig
from nao.system import compiling
from tests.searching import SPACE, Counting

_EVENTS = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.truncate",
    "shutil.rmtree",
)


def _watch(folder, last, seen):
    """Counts what is about to be written in a folder; kills the process at the last."""

    def hook(event, arguments):
        if event == "open":
            path, flags = arguments[0], arguments[2] or 0
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        elif event == "sqlite3.connect" or event in _EVENTS:
            path, writes = arguments[0], True
        else:
            return
        if not writes or not isinstance(path, str | bytes | os.PathLike):
            return
        if folder in os.fsdecode(path):
            seen.append(f"{event} {os.path.basename(os.fsdecode(path))}")
            if len(seen) == last:
                pathlib.Path(f"{folder}.last").write_text(seen[-1])
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _search(folder):
    compiling.use_compile_cache()  # Each child of the fork compiles anew otherwise.
    config = strategies.NAOConfig(
        num_seed_archs=4,
        round_size=2,
        candidates="random",
        controller=ControllerConfig(
            4, 4, predictor_sizes=(4,), num_epochs=1, min_steps=0
        ),
    )
    return nao.search(
        strategies.NAO(SPACE, config),
        Counting(),
        num_trials=7,
        workdir=folder,
        progress=False,
    )


def _in_a_child(function):
    """Runs a function in a forked process; returns its exit status, None if killed."""
    process = os.fork()
    if not process:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(process, 0)[1]
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _listing(folder):
    lines = pathlib.Path(folder, "metrics.jsonl").read_text().splitlines()
    keys = ("trial", "round", "objective", "predicted")
    summary = json.loads(pathlib.Path(folder, "summary.json").read_text())
    trials = [[json.loads(line)[key] for key in keys] for line in lines]
    return trials, summary["best"], summary["finished"]


def _killed(folder, last):
    _watch(folder, last, [])
    _search(folder)


def main(folder, every=1):
    """Kills at every `every`-th event until a search gets through."""
    assert _in_a_child(lambda: _search(f"{folder}/whole")) == 0
    expected, last = _listing(f"{folder}/whole"), 1
    while True:
        workdir = f"{folder}/killed-{last}"
        if _in_a_child(functools.partial(_killed, workdir, last)) is not None:
            return
        event = pathlib.Path(f"{workdir}.last").read_text()
        code = _in_a_child(functools.partial(_search, workdir))
        same = code == 0 and _listing(workdir) == expected
        print("same" if same else "OTHER", last, event, flush=True)
        last += every


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
