"""The script that times language models, at its smallest."""

import importlib.util
import sys

import numpy as np
import pytest

from experiments.benchmarks import language_speed

TINY = ("--steps=1", "--units=4", "--batch_size=2", "--window=3", "--vocabulary=5")
HAS_TORCH = importlib.util.find_spec("torch") is not None


def run(capsys, *words):
    """Returns what is printed, and the cells of the table's rows."""
    language_speed.main([*TINY, *words])
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    return printed, [[c.strip() for c in x.strip("|").split("|")] for x in lines]


@pytest.mark.slow
def test_programs_have_rows(capsys):
    _, rows = run(capsys, "--kinds", "universal", "specialised")
    assert rows[0] == list(language_speed.COLUMNS)
    assert [row[0] for row in rows[2:]] == ["universal", "specialised"]
    for _, build, step, memory, share in rows[2:]:
        assert float(build.removesuffix(" s")) > 0
        assert float(step.removesuffix(" ms")) > 0
        assert memory.endswith(" MiB") and share.endswith("%")


def test_without_torch_its_row_is_left_out_in_a_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    printed, rows = run(capsys, "--kinds", "torch")
    assert "Left out torch: PyTorch is not installed" in printed and len(rows) == 2


@pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch, which is no requirement")
def test_torch_has_a_row(capsys):
    _, rows = run(capsys, "--kinds", "torch", "--torch_threads=1")
    assert rows[2][0] == "torch" and float(rows[2][2].removesuffix(" ms")) > 0


def test_words_are_of_the_vocabulary():
    words = language_speed.Setting(vocabulary=3).words()
    assert words.shape == (64, 36) and set(np.unique(words)) == {0, 1, 2}
