"""How far a task is: lines in a pipe, a bar on a terminal of 80 columns."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import types

import pytest

from nao.system import progress, stages
from nao.system.progress import Pace, Progress


def test_the_pace_is_counted_from_the_first_that_finish():
    """Two finish at once after a compilation of 60 s, then two every 10 s."""
    pace = Pace(0)
    assert pace.words("trial", 20) == []
    for done, now in ((1, 60.0), (2, 60.1), (3, 70.0), (4, 70.0)):
        pace.update(done, now)
    assert pace.words("trial", 20) == ["12 trials/min", "01:20 left"]
    pace.update(20, 150.0)
    assert pace.words("trial", 20) == []


def test_a_slow_pace_has_a_digit_more_and_a_fast_one_is_by_the_second():
    for seconds, words in ((40.0, "1.5 trials/min"), (0.5, "120 trials/min")):
        pace = Pace(0)
        pace.update(1, 0.0)
        pace.update(2, seconds)
        assert pace.words("trial", 3)[0] == words
    pace = Pace(0)
    pace.update(1, 0.0)
    pace.update(1001, 1.0)
    assert pace.words("step", 2000)[0] == "1000 steps/s"


def test_a_pipe_gets_whole_lines(capsys):
    with Progress(3, "epoch", name="training") as bar:
        with stages.stage("compiling the step", is_line=True):
            pass
        with stages.stage("fitting"):
            pass
        for note in ("loss 2", "loss 1", None):
            bar.advance(note=note)
        bar.print("done")
    captured = capsys.readouterr()
    assert captured.out == "done\n"
    assert captured.err == (
        "Compiling the step\n"
        "Training: 1 of 3 epochs, loss 2\n"
        "Training: 2 of 3 epochs, loss 1\n"
        "Training: 3 of 3 epochs, loss 1\n"
    )


def test_a_long_task_gets_a_hundred_lines(capsys):
    with Progress(1000, "run") as bar:
        for done in range(1001):
            bar.set(done, 1000)
    assert capsys.readouterr().err.count("\n") == 100


def test_a_short_task_leaves_no_lines(capsys):
    assert list(progress.track("abc", 3, "image", "decoding")) == [*"abc"]
    assert capsys.readouterr() == ("", "")


def test_a_total_that_comes_later_begins_anew(capsys):
    with Progress(0, "run") as bar:
        bar.set(2, 4)
        bar.set(3, 4)
    assert capsys.readouterr().err == "3 of 4 runs\n"


def test_nothing_is_shown_where_nothing_shall_be(capsys):
    with Progress(2, "trial", is_shown=False) as bar:
        stages.tell("compiling", is_line=True)
        bar.advance()
        bar.write_line("Round 0")
    assert capsys.readouterr() == ("", "")


@contextlib.contextmanager
def terminal(monkeypatch, rows=24, columns=80):
    """Makes stderr a terminal; yields what reads what is on it."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        yield lambda: _all_of(ours)
    os.close(ours)


def _all_of(descriptor):
    """Returns what was written to a terminal, which hands it on in pieces."""
    pieces = []
    while select.select([descriptor], [], [], 0.2)[0]:
        pieces.append(os.read(descriptor, 100_000))
    return b"".join(pieces).decode()


def test_a_terminal_of_80_columns_has_room_for_all(monkeypatch):
    clock = types.SimpleNamespace(monotonic=iter([0.0, 0.0, 6.0, 12.0]).__next__)
    monkeypatch.setattr(progress, "time", clock)
    with (
        terminal(monkeypatch) as read,
        Progress(100, "trial", 36, name="round 3") as bar,
    ):
        for _ in range(3):
            bar.advance(note="best 0.992")
        stages.tell("fitting the controller")
        shown = read().split("\r")[-1]
    assert len(shown) <= 80
    assert shown.startswith("fitting the controller |")
    assert shown.endswith("| 39/100, best 0.992, 10 trials/min, 06:06 left")


@pytest.mark.parametrize(
    ("columns", "before", "after"),
    [
        (80, "training the best |", "| 39/100, best 0.992, 10 trials/min, 06:06 left"),
        (60, "training the best |", "| 39/100, best 0.992, 06:06 left"),
        (48, "training the best |", "| 39/100, best 0.992"),
        (40, "training the best |", "| 39/100"),
        (24, "trainin... |", "| 39/100"),
        (16, "tr |", "| 39/100"),
    ],
)
def test_a_narrow_terminal_has_what_matters_most(monkeypatch, columns, before, after):
    """What did not fit was cut off wherever the line ended."""
    clock = types.SimpleNamespace(monotonic=iter([0.0, 0.0, 6.0, 12.0]).__next__)
    monkeypatch.setattr(progress, "time", clock)
    with (
        terminal(monkeypatch, columns=columns) as read,
        Progress(100, "trial", 36, name="training the best") as bar,
    ):
        for _ in range(3):
            bar.advance(note="best 0.992")
        bar.note("best 0.992")
        line = read().split("\r")[-1]
    assert line.startswith(before) and line.endswith(after)
    assert len(line) <= columns


def test_a_terminal_without_rows_gets_lines(monkeypatch):
    """No bar is drawn there, and nothing was said for minutes."""
    with terminal(monkeypatch, rows=0) as read:
        with Progress(2, "trial", name="search") as bar:
            bar.advance()
        assert "1 of 2" in read()


def test_a_bar_that_is_not_shown_leaves_a_terminal_alone(monkeypatch):
    with terminal(monkeypatch) as read, Progress(2, "trial", is_shown=False) as bar:
        bar.advance()
        assert read() == ""
