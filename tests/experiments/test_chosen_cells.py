"""The script that looks up in a table what searches chose."""

import pytest

import nao
from experiments.benchmarks import chosen_cells
from nao.evaluators import FunctionEvaluator
from nao.spaces import NASBench201

SPACE = NASBench201()


def search(folder, seed, num_trials=4):
    """Prefers cells of many skips."""
    return nao.search(
        nao.strategies.RandomSearch(SPACE),
        FunctionEvaluator(SPACE, lambda cell: str(cell).count("skip")),
        num_trials=num_trials,
        workdir=folder,
        seed=seed,
        progress=False,
        report=False,
    )


def write(file, values):
    """Writes a table of values by cell."""
    rows = [f"{text},{value},0" for text, value in values.items()]
    file.write_text("\n".join(["arch_str,val200,test200", *rows]))
    return f"--config.table.path={file}"


def test_a_choice_has_its_value_and_its_rank(tmp_path, capsys):
    folders = [tmp_path / str(seed) for seed in (0, 1)]
    found = [search(folder, seed) for seed, folder in enumerate(folders)]
    chosen = [SPACE.format(each.best.tokens) for each in found]
    assert chosen[0] != chosen[1]
    other = SPACE.format(SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"))
    flag = write(tmp_path / "t.csv", {chosen[0]: 70, chosen[1]: 90, other: 80})
    chosen_cells.main([flag, f"--runs={folders[0]},{folders[1]}"])
    _, _, *rows = capsys.readouterr().out.splitlines()
    measured = [f"{each.best.value:.4g}" for each in found]
    # One of its cells is in the table, which is nothing to order.
    assert rows[0].startswith(f"| random | 0 | {measured[0]} | 70 | 3 | nan | nan |")
    assert rows[1].startswith(f"| random | 1 | {measured[1]} | 90 | 1 |")
    assert rows[2].startswith("| random | all 2 |")
    assert "| 80.00 ± 14.14 | 2.00 ± 1.41 |" in rows[2]


def test_all_that_was_measured_is_ordered(tmp_path, capsys):
    found = search(tmp_path / "run", 0, 6)
    values = {SPACE.format(x.tokens): 10 * x.value for x in found.trials}
    for sign in (1, -1):
        truth = {text: 50 + sign * value for text, value in values.items()}
        flag = write(tmp_path / f"{sign}.csv", truth)
        chosen_cells.main([flag, f"--runs={tmp_path / 'run'}"])
        _, _, row, *_ = capsys.readouterr().out.splitlines()
        assert f" | {sign:.3f} | nan | " in row


def test_what_is_no_run_is_one_line(tmp_path):
    flag = write(
        tmp_path / "t.csv", {"|none~0|+|none~0|none~1|+|none~0|none~1|none~2|": 10}
    )
    with pytest.raises(SystemExit, match="does not hold a run"):
        chosen_cells.main([flag, f"--runs={tmp_path}"])


def test_a_choice_that_the_table_lacks_is_one_line(tmp_path):
    search(tmp_path / "run", 0, 1)
    text = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    flag = write(tmp_path / "t.csv", {text: 10})
    with pytest.raises(SystemExit, match=r"The table lacks what .*run chose"):
        chosen_cells.main([flag, f"--runs={tmp_path / 'run'}"])
