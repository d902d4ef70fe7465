"""Looks up in a table what searches chose without it, as by shared weights.

    python experiments/benchmarks/chosen_cells.py --config=nasbench201 \\
        --config.table.path=cifar10.csv.gz --runs=runs/enas-0,runs/enas-1,runs/darts-0

Prints for each run its strategy and seed, the value that its choice had there, the
table's value of it, and its rank among all rows of the table, 1 for the best; and
Kendall's tau-b of all that it measured, each architecture once, with the table's
values, and that of their numbers of parameters, NaN where a run does not know them.
Then for each strategy the mean and standard deviation over its runs.
"""

import argparse
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import numpy as np

from experiments.benchmarks import config_flags
from nao import runs
from nao.benchmark import comparison
from nao.controller import metrics
from nao.evaluators import Evaluation, TableEvaluator
from nao.runs import standing

FLAGS = ("table", "space")


class Chosen(NamedTuple):
    """What a search chose, and how it ordered all that it measured."""

    strategy: str
    seed: int
    architecture: str
    measured: float
    true: float
    rank: int
    tau: float
    tau_by_parameters: float


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
    head = "| strategy | seed | measured | in the table | rank | tau-b | by parameters"
    print(f"{head} | architecture |\n| --- {'| --- ' * 7}|")
    for each in found:
        numbers = f"{each.measured:.4g} | {each.true:.4g} | {each.rank}"
        numbers += f" | {each.tau:.3f} | {each.tau_by_parameters:.3f}"
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
    (true,) = _evaluated(table, [run.best])
    if true.value is None:
        raise ValueError(f"The table lacks what {path} chose: {true.reason}.")
    values = table.objective.sign * np.array([x for x, _ in table.values.values()])
    rank = 1 + int((values > table.objective.sign * true.value).sum())
    name, seed = run.record.strategy, run.config["seed"]
    text = run.space.format(run.best.tokens).replace("|", "\\|")
    taus = _taus(run, table)
    return Chosen(name, seed, text, run.best.mean, true.value, rank, *taus)


def _evaluated(
    table: TableEvaluator, trials: Sequence[runs.Trial]
) -> Iterator[Evaluation]:
    """Yields what a table has of the architectures of trials."""
    tokens = np.array([trial.tokens for trial in trials], np.int32)
    return table.evaluate(tokens, np.zeros(len(trials)))  # it takes no randomness


def _taus(run: runs.StoredRun, table: TableEvaluator) -> tuple[float, float]:
    """Returns how values, and parameters, order what a run measured in full."""
    done = [x for x in run.trials if x.value is not None and x.is_full]
    each = standing.together(done)
    # What the table lacks is None, and as a float64 NaN.
    found = np.array([x.value for x in _evaluated(table, each)], np.float64)
    true = table.objective.sign * found
    values = run.objective.sign * np.array([x.mean for x in each])
    sizes = [x.evaluation.metrics.get("num_parameters", np.nan) for x in each]
    return _tau(values, true), _tau(np.array(sizes), true)


def _tau(scores: np.ndarray, true: np.ndarray) -> float:
    known = ~np.isnan(scores) & ~np.isnan(true)
    return metrics.kendall_tau(true[known], scores[known])


def _means(same: Sequence[Chosen]) -> str:
    rows = [(x.measured, x.true, x.rank, x.tau, x.tau_by_parameters) for x in same]
    columns, digits = np.array(rows, np.float64).T, (3, 2, 0, 3, 3)
    return " | ".join(
        comparison.spread(column.mean(), comparison.deviation(column), each)
        for column, each in zip(columns, digits, strict=True)
    )


if __name__ == "__main__":
    main()
