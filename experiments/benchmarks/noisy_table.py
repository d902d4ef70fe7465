"""Searches a table through noise: is it worth measuring an architecture again?

    python experiments/benchmarks/noisy_table.py --config=nasbench201 \\
        --config.table.path=cifar10.csv.gz --noise=0.5 --num_trials=60

Every evaluation is the table's value plus a normal number of standard deviation
`--noise`. The strategy of the config searches in four ways, each at the same number of
measurements:

once            no function twice; the highest number is chosen
once, best 5    the same, and the best five measured once more (`num_finalists`)
again           whatever is asked for, known ones too (`deduplicate=none`)
again, best 5   both

Prints, over seeds, how far the table's value of what was chosen lies from the table's
best, mean and standard error, and how many functions were measured.
"""

import argparse
import dataclasses
import pathlib
import sys
import tempfile
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

import nao
from experiments.benchmarks import config_flags
from nao import fields
from nao.commands import build
from nao.config import Config
from nao.evaluators import Evaluation, TableEvaluator
from nao.system import compiling
from nao.types import Array

FLAGS = ("table", "space", "nao", "evolution", "strategy")
NUM_FINALISTS = 5
WAYS = {
    "once": ("canonical", 1),
    f"once, best {NUM_FINALISTS}": ("canonical", NUM_FINALISTS),
    "again": ("none", 1),
    f"again, best {NUM_FINALISTS}": ("none", NUM_FINALISTS),
}


@dataclasses.dataclass(frozen=True, eq=False)
class NoisyTable:
    """A table whose numbers differ from one evaluation to the next.

    Attributes:
        table: The table.
        noise: Standard deviation of what is added to its values.
    """

    table: TableEvaluator
    noise: float

    @property
    def objective(self) -> nao.evaluators.Objective:
        """The table's."""
        return self.table.objective

    def evaluate(self, tokens: np.ndarray, keys: Array) -> Iterator[Evaluation]:
        """Yields the table's evaluations, each a little off."""
        off = self.noise * jax.vmap(jax.random.normal)(keys)
        for found, error in zip(self.table.evaluate(tokens, keys), off, strict=True):
            yield Evaluation(found.value + float(error))

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Has no test part."""
        return {}


def main(words: list[str] | None = None) -> None:
    """Prints a row for each way to search."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", type=float, required=True, help="in the unit of it")
    parser.add_argument("--num_trials", type=int, default=60, help="all measurements")
    parser.add_argument("--seeds", type=int, default=20)
    config_flags.define(parser, FLAGS, default="table")
    args = parser.parse_args(words)
    compiling.use_compile_cache()
    try:
        _check(args)
        config, table = config_flags.read_table(args, FLAGS)
        print("| way | regret | functions |\n| --- | --- | --- |")
        for way in WAYS:
            print(_row(way, config, NoisyTable(table, args.noise), args), flush=True)
    except ValueError as error:
        sys.exit(f"noisy_table.py: {error}")


def _check(args: argparse.Namespace) -> None:
    if args.num_trials <= NUM_FINALISTS:
        raise ValueError(
            f"--num_trials must be above {NUM_FINALISTS}, which the best take, got "
            f"{args.num_trials}."
        )
    if args.seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {args.seeds}.")
    if not 0 <= args.noise < np.inf:
        raise ValueError(f"--noise must be finite and at least 0, got {args.noise}.")


def _row(
    way: str, config: Config, evaluator: NoisyTable, args: argparse.Namespace
) -> str:
    found = [
        search(way, config, evaluator, args.num_trials, s) for s in range(args.seeds)
    ]
    regret, num = np.array(found, np.float64).T
    error = regret.std(ddof=min(1, len(regret) - 1)) / np.sqrt(len(regret))
    return f"| {way} | {regret.mean():.3f} ± {error:.3f} | {num.mean():.1f} |"


def search(
    way: str, config: Config, evaluator: NoisyTable, num_measured: int, seed: int
) -> tuple[float, int]:
    """Returns what a search's choice costs, and how many functions it measured."""
    table = evaluator.table
    deduplicate, num_finalists = WAYS[way]
    again = num_finalists if num_finalists > 1 else 0
    given = {"seed": seed, "deduplicate": deduplicate}
    strategy = build.strategy(fields.override(config, given), table)
    with tempfile.TemporaryDirectory() as workdir:
        result = nao.search(
            strategy,
            evaluator,
            num_trials=num_measured - again,
            num_finalists=num_finalists,
            workdir=workdir,
            seed=seed,
            progress=False,
            report=False,
        )
    (key,) = table.space.keys(np.array([result.best.tokens], np.int32))
    regret = table.objective.sign * (table.best_value - table.values[key][0])
    tokens = np.array([trial.tokens for trial in result.trials], np.int32)
    return regret, len(np.unique(table.space.canonical(tokens), axis=0))


if __name__ == "__main__":
    main()
