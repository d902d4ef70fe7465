"""The script that measures how noisy an objective is, on tiny children."""

import json
import math

import pytest

from experiments.benchmarks import signal_and_noise

TINY = (
    "--config=digits",
    "--config.space.name=nasbench201",
    "--config.child.channels=2",
    "--config.child.epochs=2",
    "--config.data.num_train=64",
    "--config.data.num_validation=32",
    "--config.num_devices=1",
    "--cells=3",
)


def rows_of(printed):
    """Returns the cells of the printed table's rows, by what they are compared by."""
    lines = [line.strip("| ") for line in printed.splitlines() if line[:1] == "|"]
    table = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]
    return {name: cells for name, *cells in table}


@pytest.mark.slow
def test_a_cut_off_run_goes_on_and_ends_in_the_same_table(tmp_path, capsys):
    path = tmp_path / "children.jsonl"
    signal_and_noise.main([*TINY, f"--output={path}"])
    printed = capsys.readouterr().out
    assert printed.startswith("3 cells on digits, 2 epochs, 2 times each; 0 left out")
    rows = rows_of(printed)
    assert list(rows) == [*signal_and_noise.OBJECTIVES, "the truth"]
    assert rows["val_accuracy"][0] == rows["val_loss"][0] == "1.00"
    assert float(rows["train_loss"][0]) < 1 < float(rows["last epochs"][0])
    # The settings, three whole children, and one that a kill cut off.
    lines = path.read_text().splitlines()
    assert len(lines) == 1 + 3 * 2
    path.write_text("\n".join([*lines[:4], lines[4][:9]]))
    signal_and_noise.main([*TINY, f"--output={path}"])
    again = path.read_text().splitlines()
    assert again[:4] == lines[:4] and len(again) == len(lines)
    values = [[json.loads(x)["val_loss"] for x in y[1:]] for y in (lines, again)]
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    # Of one cell, the two trainings differ: the second is no copy.
    assert values[0][0] != values[0][1]


def test_short_trainings_can_be_left_out(tmp_path, capsys):
    signal_and_noise.main([*TINY, "--no_short", f"--output={tmp_path / 'x'}"])
    expected = [name for name in signal_and_noise.OBJECTIVES if name != "two short"]
    assert list(rows_of(capsys.readouterr().out)) == [*expected, "the truth"]


def test_a_file_of_other_settings_is_refused(tmp_path):
    path = tmp_path / "children.jsonl"
    path.write_text(json.dumps({"seed": 1}) + "\n")
    with pytest.raises(SystemExit, match="of other settings; choose another --output"):
        signal_and_noise.main([*TINY, f"--output={path}"])


@pytest.mark.parametrize(
    "words, message",
    [
        (["--cells=2"], "--cells must be 3 or more and --repeats 2 or more, got 2 and"),
        (["--config=table"], "must name a search that trains children, got 'table'"),
        (["--config.child.epochs=few"], "child.epochs: must be a whole number, got"),
        (["--config.child.flip=no"], "child.flip"),
        (["--config.data.name=letters"], "Unknown data set 'letters'"),
    ],
)
def test_mistakes_end_in_one_line(tmp_path, words, message):
    with pytest.raises(SystemExit, match=message):
        signal_and_noise.main([f"--output={tmp_path / 'x'}", *words])


def test_a_table_leaves_out_cells_with_a_failed_training():
    """Cell 3 of 4 failed once; of the others, all numbers agree but for the sign."""

    def row(cell, repeat):
        number = math.nan if (cell, repeat) == (3, 1) else cell + 0.5 * repeat
        names = ("val_accuracy", "last epochs", "two short")
        numbers = dict.fromkeys(names, number)
        losses = {"val_loss": -number, "train_loss": number}
        costs = {"train_s": 3.0, "validate_s": 1.0, "short_s": 5.0, "clock_s": 2.0}
        return numbers | losses | costs

    rows = {(i, j): row(i, j) for i in range(4) for j in range(2)}
    lines = "\n".join(signal_and_noise.table(rows))
    found = rows_of(lines)
    # Within 0.5^2 / 2 = 0.125; cells 0, 1, 2 have variance 1, less half of that.
    spread = ["1.00 ± 0.00", "0.3536", "0.9682", "0.88"]
    assert found["val_accuracy"][:-1] == ["1.00", *spread]
    assert found["last epochs"][:-1] == ["1.50", *spread]
    assert found["two short"][0] == "1.25" and found["train_loss"][0] == "0.75"
    # A higher loss is worse, so that of training chooses the worst cell here: as far
    # below the mean, 1.25, as the best is above.
    best = {name: float(cells[-1]) for name, cells in found.items()}
    assert best["val_loss"] == best["val_accuracy"] < best["the truth"]
    assert best["train_loss"] + best["val_accuracy"] == pytest.approx(2.5, abs=2e-3)
