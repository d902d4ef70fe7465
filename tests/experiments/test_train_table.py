"""The table that ships, and the script that made it."""

import pathlib

import jax

from experiments.benchmarks import train_table
from nao.commands import build, configs
from nao.fields import override

ROOT = pathlib.Path(__file__).parents[2]
SPACE = train_table.SPACE


def shipped():
    """Returns the evaluator of `--config=table`, as it is without a flag."""
    config = configs.load("table", ROOT)
    config = override(config, {"table.test": "test_accuracy"})
    return build.evaluator(configs.find_paths(config, ROOT, ["table.path"]))


def test_the_table_holds_every_cell_and_one_number_a_function():
    """729 sequences, 435 functions, and the columns are the space's own slots."""
    evaluator = shipped()
    assert [slot.name for slot in evaluator.space.slots] == [
        slot.name for slot in SPACE.slots
    ]
    cells = train_table.all_cells()
    assert len(cells) == evaluator.space.num_sequences == 729
    values = {}
    for cell, function in zip(cells, SPACE.canonical(cells), strict=True):
        tokens = evaluator.space.from_choices(SPACE.by_slot(cell))
        (key,) = evaluator.space.keys(tokens[None])
        values.setdefault(SPACE.format(function), set()).add(evaluator.values[key])
    assert len(values) == 435
    assert all(len(of_function) == 1 for of_function in values.values())
    assert evaluator.best_value == 0.96528


def test_a_table_is_written_from_the_means_of_the_children(tmp_path, monkeypatch):
    monkeypatch.setattr(train_table, "NUM_SEEDS", 2)
    cells = train_table.all_cells()[:2]
    children = tmp_path / "children.csv"
    rows = [
        f"{SPACE.format(c)},{s},0.{i + 1}{s},0.5"
        for i, c in enumerate(cells)
        for s in range(2)
    ]
    # The last line of a killed run may be cut off.
    children.write_text("\n".join([*rows, "|skip_connect~0|+"]))
    path = tmp_path / "table.csv"
    train_table.write_table(path, cells, train_table.read(children))
    lines = path.read_text().splitlines()
    assert lines[0] == "1<-0,2<-0,2<-1,3<-0,3<-1,3<-2,val_accuracy,test_accuracy"
    assert [line.split(",")[-2:] for line in lines[1:]] == [
        ["0.10500", "0.50000"],
        ["0.20500", "0.50000"],
    ]


def test_a_child_draws_by_its_cell_and_seed_alone():
    first, second = train_table.all_cells()[:2]
    keys = [
        train_table.child_key(cell, seed) for cell in (first, second) for seed in (0, 1)
    ]
    draws = {int(jax.random.bits(key)) for key in keys}
    assert len(draws) == 4
