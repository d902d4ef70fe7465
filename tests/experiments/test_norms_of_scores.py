"""The script that compares how scores by shared weights are normalised."""

import json

import numpy as np
import pytest

from experiments.benchmarks import norms_of_scores
from nao.spaces import NASBench201

SMALL = (
    *("--config.data.num_train=32", "--config.data.num_validation=32"),
    *("--config.child.channels=2", "--config.child.cells_per_stage=1"),
    *("--config.child.batch_size=16", "--config.shared.epochs=2"),
)


@pytest.fixture
def table(tmp_path):
    """Values of twelve cells, the number of their row."""
    space = NASBench201()
    tokens = space.sample(np.random.default_rng(0), 12)
    rows = [f"{space.format(row)},{i},0" for i, row in enumerate(tokens)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["arch_str,val200,test200", *rows]))
    return file


@pytest.mark.slow
def test_each_kind_of_norm_has_a_row_at_each_point(
    table, tmp_path, capsys, monkeypatch
):
    kinds = ("batch", "running")  # each is a program to compile
    monkeypatch.setattr(norms_of_scores, "NORMS", kinds)
    output = tmp_path / "norms" / "rows.jsonl"
    flags = [f"--config.table.path={table}", f"--output={output}", "--points=1"]
    norms_of_scores.main([*SMALL, *flags, "--num_ranked=8"])
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    points = [(row["epochs"], row["norms"]) for row in rows]
    assert points[1:] == [(epochs, norms) for epochs in (1, 2) for norms in kinds]
    assert rows[0]["norms"] == "number of parameters"
    assert all(-1 <= row["tau"] <= 1 and 1 <= row["rank"] <= 8 for row in rows)
    _, _, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(rows)


def test_means_are_over_the_seeds_of_a_point(capsys):
    numbers = dict.fromkeys(norms_of_scores.COLUMNS, 0.5)
    row = {"seed": 0, "epochs": 3, "norms": "batch", **numbers}
    other = {**row, "seed": 1, "tau": 0.7}
    before = {**row, "tau": 0.1}  # of the same seed, which was measured again
    norms_of_scores.print_means([before, row, other, {**row, "epochs": 4}])
    _, _, both, one = capsys.readouterr().out.splitlines()
    assert both.startswith("| 3 | batch | 2 | 0.600 ± 0.141 | 0.500 ± 0.000 |")
    assert one.startswith("| 4 | batch | 1 | 0.500 |")


def test_what_has_no_table_is_one_line():
    with pytest.raises(SystemExit, match="must search a table, got 'digits'"):
        norms_of_scores.main(["--config=digits"])


@pytest.mark.parametrize("points", ["x", "0", "1,3"])
def test_points_beyond_the_lesson_are_one_line(table, points):
    flags = [f"--config.table.path={table}", f"--points={points}"]
    with pytest.raises(SystemExit, match=r"--points must be epochs from 1 to 2, got "):
        norms_of_scores.main([*SMALL, *flags])
