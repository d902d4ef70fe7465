"""A full disk, and a folder that is gone, in the middle of a search."""

import pathlib
import subprocess
import sys
import textwrap

import pytest

from nao import strategies
from tests.searching import SPACE, search

ROOT = pathlib.Path(__file__).parents[2]
# Where a file may not grow any more is where a disk is full, for this process alone.
SEARCH = """
    import os, resource, shutil, signal, sys
    from nao import strategies
    from nao.system import threads
    from tests import searching
    from tests.searching import SPACE, search

    what, workdir = sys.argv[1:]

    class Counting(searching.Counting):
        def evaluate(self, tokens, keys):
            for number, found in enumerate(super().evaluate(tokens, keys)):
                if len(self.calls) == 7 and what == "full":
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
                if len(self.calls) == 7 and what == "gone":
                    while os.path.exists(workdir):  # Checkpoints are being written.
                        shutil.rmtree(workdir, ignore_errors=True)
                yield found

    threads.tell_failures_in_a_line()
    config = strategies.RandomConfig(round_size=5)
    try:
        search(workdir, 20, Counting(), strategies.RandomSearch(SPACE, config))
    except ValueError as error:
        print("refused:", error)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX")
@pytest.mark.parametrize("what", ["full", "gone"])
def test_trouble_with_the_folder_is_one_line(tmp_path, what):
    """It was 82 to 400 lines of traceback."""
    workdir = tmp_path / "run"
    command = [sys.executable, "-c", textwrap.dedent(SEARCH), what, str(workdir)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert done.stdout.startswith(f"refused: {workdir / 'study.db'} can't be written: ")
    assert done.stdout.endswith("the same command or call continues the run.\n")
    assert "Traceback" not in done.stderr
    if what == "full":
        strategy = strategies.RandomSearch(SPACE, strategies.RandomConfig(round_size=5))
        mended = search(workdir, 20, strategy=strategy)
        whole = search(tmp_path / "whole", 20, strategy=strategy)
        assert [t.value for t in mended.trials] == [t.value for t in whole.trials]
