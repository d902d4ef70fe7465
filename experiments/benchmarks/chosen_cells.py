"""Looks up in a table what searches chose without it, as by shared weights.

    python experiments/benchmarks/chosen_cells.py --config=nasbench201 \\
        --config.table.path=cifar10.csv.gz --runs=runs/enas-0,runs/enas-1,runs/darts-0

Prints for each run its strategy and seed, the value that its choice had there, the
table's value of it, and its rank among all rows of the table, 1 for the best; then for
each strategy the mean and standard deviation over its runs.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import numpy as np

from experiments.benchmarks import config_flags
from nao import runs
from nao.benchmark import comparison
from nao.evaluators import TableEvaluator

FLAGS = ("table", "space")


class Chosen(NamedTuple):
    """What a search chose."""

    strategy: str
    seed: int
    architecture: str
    measured: float
    true: float
    rank: int


def main(words: list[str] | None = None) -> None:
    """Prints a row for each run and one for each strategy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", required=True, help="their folders, by commas")
    config_flags.define(parser, FLAGS, default="nasbench201")
    args = parser.parse_args(words)
    try:
        _, table = config_flags.read_table(args, FLAGS)
        found = [look_up(table, path) for path in args.runs.split(",")]
    except ValueError as error:
        sys.exit(f"chosen_cells.py: {error}")
    print("| strategy | seed | measured | in the table | rank | architecture |")
    print(f"| --- {'| --- ' * 5}|")
    for each in found:
        numbers = f"{each.measured:.4g} | {each.true:.4g} | {each.rank}"
        print(f"| {each.strategy} | {each.seed} | {numbers} | {each.architecture} |")
    for strategy in dict.fromkeys(each.strategy for each in found):
        same = [each for each in found if each.strategy == strategy]
        print(f"| {strategy} | all {len(same)} | {_means(same)} | |")


def look_up(table: TableEvaluator, path: str) -> Chosen:
    """Returns what the run in a folder chose.

    Raises:
        ValueError: If there is no run of the table's space, it chose nothing, or the
            table does not have it.
    """
    run = runs.read(path)
    if run.space.name != table.space.name:
        raise ValueError(
            f"{path} must be a search of {table.space.name}, got {run.space.name}."
        )
    if run.best is None:
        raise ValueError(f"{path} has no trial that succeeded.")
    tokens = np.array([run.best.tokens], np.int32)
    (true,) = table.evaluate(tokens, np.zeros(1))  # a table takes no randomness
    if true.value is None:
        raise ValueError(f"The table lacks what {path} chose: {true.reason}.")
    values = table.objective.sign * np.array([x for x, _ in table.values.values()])
    rank = 1 + int((values > table.objective.sign * true.value).sum())
    name, seed = run.record.strategy, run.config["seed"]
    text = run.space.format(tokens[0]).replace("|", "\\|")
    return Chosen(name, seed, text, run.best.mean, true.value, rank)


def _means(same: Sequence[Chosen]) -> str:
    columns = np.array([(x.measured, x.true, x.rank) for x in same], np.float64).T
    digits = (3, 2, 0)
    return " | ".join(
        comparison.spread(column.mean(), comparison.deviation(column), each)
        for column, each in zip(columns, digits, strict=True)
    )


if __name__ == "__main__":
    main()
