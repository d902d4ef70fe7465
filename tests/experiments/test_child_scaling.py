"""The script that times children over devices and first steps, at its smallest."""

import pytest

from experiments.benchmarks import child_scaling
from experiments.benchmarks.random_images import random_task
from nao.spaces import ConvCell


def rows(capsys):
    return [line.strip("| ") for line in capsys.readouterr().out.splitlines()]


def test_a_row_for_each_number_of_devices_has_both_ways_to_use_them(
    capsys, monkeypatch
):
    def measure(task, num, shared):
        assert task.name == "digits"
        return num / 8, 100.0 * num + shared

    monkeypatch.setattr(child_scaling, "measure_epoch", measure)
    child_scaling.main(["--devices", "1", "4"])
    assert rows(capsys)[2:] == [
        "1 | 0.12 s | 100.0 s | 0.12 s | 101.0 s",
        "4 | 0.50 s | 400.0 s | 0.50 s | 401.0 s",
    ]


def test_first_steps_are_timed_with_an_empty_cache_and_with_that_one_full(
    capsys, monkeypatch
):
    asked = []

    def measure(kind, folder):
        asked.append((kind, folder))
        return float(len(asked))

    monkeypatch.setattr(child_scaling, "measure_start", measure)
    child_scaling.main(["--start"])
    assert rows(capsys)[2:] == [
        "universal | 1.0 s | 2.0 s",
        "specialised | 3.0 s | 4.0 s",
    ]
    kinds, folders = zip(*asked, strict=True)
    assert kinds == ("universal", "universal", "specialised", "specialised")
    assert folders[0] == folders[1] != folders[2] == folders[3]


def test_a_start_is_timed_to_its_first_step_by_a_cache_of_its_own(
    tmp_path, monkeypatch
):
    """The rest of the process, as it ends, does not count."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, time\n"
        f"assert os.environ['NAO_CACHE_DIR'] == {str(tmp_path)!r}\n"
        "assert 'JAX_COMPILATION_CACHE_DIR' not in os.environ\n"
        "assert sys.argv[1:] == ['--first_step', 'universal']\n"
        "print('done', flush=True)\n"
        "time.sleep(0.1)\n"
        f"open({str(tmp_path / 'ended')!r}, 'w').write(str(time.time()))\n"
    )
    monkeypatch.setattr(child_scaling, "__file__", str(script))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "another")
    assert child_scaling.measure_start("universal", str(tmp_path)) > 0
    assert (tmp_path / "ended").exists()  # it is waited for, all the same


def test_a_start_that_fails_says_so(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit(3)")
    monkeypatch.setattr(child_scaling, "__file__", str(script))
    with pytest.raises(SystemExit, match="the first step failed, exit code 3"):
        child_scaling.measure_start("universal", str(tmp_path))


def test_more_devices_than_there_are_are_refused(capsys):
    with pytest.raises(SystemExit):
        child_scaling.main(["--devices", "1", "9"])
    assert "--devices: must be at most 8, got 9" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_an_epoch_of_two_devices_is_measured(shared, monkeypatch):
    space = ConvCell(("avg_pool_3x3", "identity"), num_nodes=1)
    monkeypatch.setattr(child_scaling, "SPACE", space)
    epoch, compiled = child_scaling.measure_epoch(random_task(64, 8, 1), 2, shared)
    assert 0 < epoch < 60 and compiled > 0
