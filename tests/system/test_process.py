import itertools
import pathlib
import subprocess
import sys
import time

import jax

from nao.system import process


def test_what_a_run_ran_on_is_described():
    described = process.environment()
    assert described["packages"]["jax"] == jax.__version__
    assert described["devices"]
    assert process.seconds_since_start() > 0
    assert process.peak_rss_mib() > 10


def test_only_the_first_work_of_a_process_counts_from_its_start(monkeypatch):
    """A second search said that its first trial took all the minutes before it."""
    monkeypatch.setattr(process, "_works", itertools.count())
    monkeypatch.delattr(sys, "ps1", raising=False)
    age = process.seconds_since_start()
    first, second = process.begin_work(), process.begin_work()
    assert time.perf_counter() - first >= age
    assert second - first >= age


def test_a_program_begins_where_nao_is_imported():
    """A shell that installs and then becomes Python made a start of three minutes."""
    program = (
        "import time; time.sleep(1); begun = time.monotonic()\n"
        "from nao.system import process\n"
        "age = process.seconds_since_start()\n"
        "print(age / (time.monotonic() - begun))"
    )
    command, root = [sys.executable, "-c", program], pathlib.Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    assert 0.9 < float(done.stdout) <= 1


def test_an_interactive_session_is_no_part_of_its_first_work(monkeypatch):
    monkeypatch.setattr(process, "_works", itertools.count())
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    before = time.perf_counter()
    assert process.begin_work() >= before
