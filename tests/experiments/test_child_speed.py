"""The script that times children, at its smallest."""

import importlib.util
import sys

import jax
import numpy as np
import pytest

from experiments.benchmarks import child_kinds, child_speed, plain_net
from experiments.benchmarks.child_kinds import Kind, Program, Setting
from experiments.benchmarks.child_speed import Measured
from nao.spaces import ConvCell

TINY = (
    *("--num=1", "--steps=1", "--num_nodes=2", "--channels=4", "--cells_per_stage=1"),
    *("--image_size=8", "--batch_size=4"),
)
HAS_TORCH = importlib.util.find_spec("torch") is not None


def run(capsys, *words):
    """Returns what is printed, and the cells of the table's rows."""
    child_speed.main([*TINY, *words])
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    return printed, [[c.strip() for c in x.strip("|").split("|")] for x in lines]


@pytest.fixture
def two_devices(monkeypatch):
    devices = jax.devices()[:2]
    monkeypatch.setattr(jax, "devices", lambda: devices)


@pytest.fixture
def cheap(monkeypatch):
    """Leaves operations that compile in a moment."""
    names = ("avg_pool_3x3", "identity")
    monkeypatch.setattr(Setting, "space", ConvCell(names, num_nodes=2))
    monkeypatch.setattr(plain_net, "OPERATIONS", names)


def assert_measured(rows, kinds):
    """Each kind has times in their units, programs to compile, and memory."""
    assert rows[0] == list(child_speed.COLUMNS)
    assert [row[0] for row in rows[2:]] == list(kinds)
    for _, trace, build, step, memory, *totals in rows[2:]:
        for text in (trace, build):
            assert float(text.removesuffix(" s")) >= 0
        assert int(step.removesuffix(" ms")) >= 0
        assert int(memory.removesuffix(" MiB")) >= 0
        assert all(total.endswith(" s") for total in totals) and len(totals) == 3


@pytest.mark.slow
def test_kinds_of_jax_have_rows(capsys, cheap, two_devices):
    kinds = ("lanes", "plain")
    printed, rows = run(capsys, "--kinds", *kinds)
    assert_measured(rows, kinds)
    assert "\nA plain program" in printed


@pytest.mark.slow
def test_they_have_rows_with_all_operations(capsys, two_devices):
    _, rows = run(capsys, "--kinds", *child_kinds.KINDS)
    assert_measured(rows, child_kinds.KINDS)


@pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch, which is no requirement")
def test_kinds_of_torch_have_rows(capsys):
    # Several threads that wait for each other take longer than the tiny shapes.
    words = ("--torch_threads=1", "--kinds", *child_speed.TORCH)
    printed, rows = run(capsys, *words)
    assert [row[0] for row in rows[2:]] == list(child_speed.TORCH)
    for row in rows[2:]:
        assert row[1:3] == ["0.0 s", "0.0 s"] and row[4] == "-"
    assert "pays" not in printed


def test_without_torch_its_rows_are_left_out_in_a_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    printed, rows = run(capsys, "--kinds", "torch", "torch_supernet")
    (line,) = printed.strip().splitlines()
    assert line.startswith("Left out torch, torch_supernet: PyTorch is not installed")
    assert child_speed.INSTALL in line and not rows


def test_all_kinds_without_torch_leave_the_others(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert list(child_speed.runnable(child_speed.KINDS)) == list(child_kinds.KINDS)
    assert capsys.readouterr().out.count("\n") == 2
    child_speed.runnable(["plain"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("is_universal", "num_programs"), [(True, 1), (False, 3)])
def test_a_program_is_made_once_or_for_each_architecture(is_universal, num_programs):
    made, started = [], []

    def make(setting, archs):
        made.append(archs)
        return Program(start, 1.0, 2.0, len(made))

    def start(archs):
        started.append(archs)
        return lambda: None

    archs, kind = np.arange(3)[:, None], Kind(make, is_universal)
    measured = child_speed.measure("x", kind, Setting(), archs, 2)
    assert len(made) == num_programs and np.array_equal(started, archs[:, None])
    assert measured[:2] == (1, 2) and measured.memory == num_programs


def test_the_totals_by_hand():
    """3 s of compilation, once or each, and 5 steps of 0.2 s for each architecture."""
    measured = Measured(1.0, 2.0, 0.2, np.nan)
    head = ["1.0 s", "2.0 s", "200 ms", "-"]
    one = child_speed.cells(Kind(None, is_universal=True), measured, 5)
    assert one == [*head, "4 s", "13 s", "103 s"]
    each = child_speed.cells(Kind(None), measured, 5)
    assert each == [*head, "4 s", "40 s", "400 s"]


def test_from_when_a_program_of_its_own_pays():
    """3 s are made up for by 0.1 s a step in 30 steps."""
    own = Measured(1.0, 2.0, 0.2, 0.0)
    assert child_speed.paying("plain", own, 0.3).endswith("after 30 steps.")
    assert child_speed.paying("plain", own, 0.2).endswith("never pays for itself.")


def test_no_steps_are_refused_in_a_line(capsys):
    with pytest.raises(SystemExit):
        child_speed.main(["--steps=0"])
    assert "--steps: must be at least 1, got 0" in capsys.readouterr().err
