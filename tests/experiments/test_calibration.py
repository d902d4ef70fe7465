"""The script that checks what NAO expects of a table."""

import numpy as np
import pytest

from experiments.benchmarks import calibration


def test_the_numbers_by_hand():
    """Off by 1, 1 and 0; expected 0.2, 1 and 0 off: the second and no other inside."""
    actual = np.array([1.0, 2.0, 3.0])
    mean, std = np.array([0.0, 1.0, 3.0]), np.array([0.2, 1.0, 0.0])
    tau, error, deviation, inside, _ = calibration.described(actual, mean, std)
    assert tau == 1
    assert error == pytest.approx(np.sqrt(2 / 3))
    assert deviation == pytest.approx(np.sqrt(1.04 / 3))
    assert inside == pytest.approx(1 / 3)


def test_it_measures_the_table_that_ships(capsys):
    small = ("hidden_size=4", "embedding_size=4", "ensemble_size=2", "num_epochs=1")
    chosen = [f"--config.nao.controller.{each}" for each in (*small, "min_steps=1")]
    calibration.main([*chosen, "--num_train=30", "--seeds=1"])
    *_, process, predictor = capsys.readouterr().out.splitlines()
    for line, name in ((process, "process"), (predictor, "predictor")):
        who, *numbers = line.strip("| ").split(" | ")
        assert who == name and len(numbers) == len(calibration.COLUMNS)


def test_a_pool_larger_than_the_table_is_one_line():
    with pytest.raises(SystemExit, match="must leave 50 of 729 architectures, got 700"):
        calibration.main(["--num_train=700"])


def test_what_trains_has_no_table():
    with pytest.raises(SystemExit, match="must search a table, got 'digits'"):
        calibration.main(["--config=digits"])
