"""Checks on tables how far what NAO expects is off, and whether it says so.

    python experiments/benchmarks/calibration.py --config=nasbench201 \\
        --config.table.path=cifar10.csv.gz

Of a random pool of a table the Gaussian process and the controller of `nao` learn
targets, the places of its values from -1 to 1, and are asked about all other
architectures. Prints, over seeds, the mean of

tau        Kendall's tau of what is expected with what is measured
error      root mean square of what it is off by
deviation  root mean square of the standard deviation it expects
inside     share of what lies within two of its deviations; 0.95 if these are right
best       the same of the 50 that it ranks highest, where a search chooses

The process's deviation is that of a measurement, noise included; the predictor's is how
far the members of its ensemble disagree.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from experiments.benchmarks import config_flags
from nao import fields, strategies
from nao.commands import build
from nao.controller import metrics, targets
from nao.evaluators import TableEvaluator
from nao.strategies import process
from nao.system import compiling

FLAGS = ("table", "space", "nao", "deduplicate")
NUM_BEST = 50
COLUMNS = ("tau", "error", "deviation", "inside", "best")


def main(words: list[str] | None = None) -> None:
    """Prints a row for the process and one for the predictor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num_train", type=int, default=100, help="size of the pool")
    parser.add_argument("--seeds", type=int, default=5)
    config_flags.define(parser, FLAGS, default="table")
    args = parser.parse_args(words)
    compiling.use_compile_cache()
    try:
        rows = measure_all(args)
    except ValueError as error:
        sys.exit(f"calibration.py: {error}")
    print(f"| | {' | '.join(COLUMNS)} |\n| --- {'| --- ' * len(COLUMNS)}|")
    for who in ("process", "predictor"):
        mean = np.mean([row[who] for row in rows], axis=0)
        print(f"| {who} | " + " | ".join(f"{number:.3f}" for number in mean) + " |")


def measure_all(args: argparse.Namespace) -> list[dict[str, list[float]]]:
    """Returns what `measure` does, for each seed."""
    config, evaluator = config_flags.read_table(args, FLAGS)
    # It fits as soon as it has the pool.
    given = {"strategy": "nao", "nao.num_seed_archs": args.num_train}
    strategy = build.strategy(fields.override(config, given), evaluator)
    seeds = range(args.seeds)
    return [measure(evaluator, strategy, args.num_train, seed) for seed in seeds]


def measure(
    evaluator: TableEvaluator, strategy: strategies.NAO, num_train: int, seed: int
) -> dict[str, list[float]]:
    """Returns the numbers of `COLUMNS` of the process and of the predictor."""
    tokens = np.concatenate(list(evaluator.space.enumerate()))
    if num_train > len(tokens) - NUM_BEST:
        raise ValueError(
            f"--num_train must leave {NUM_BEST} of {len(tokens)} architectures, got "
            f"{num_train}."
        )
    tokens = np.random.default_rng(seed).permutation(tokens)
    sign = evaluator.objective.sign
    keys = np.zeros(len(tokens))  # a table takes no randomness
    values = [e.value for e in evaluator.evaluate(tokens, keys)]
    values = sign * np.array(values, np.float64)
    (seen, unseen), (known, rest) = (
        np.split(rows, [num_train]) for rows in (tokens, values)
    )
    state = strategy.tell(strategy.init(jax.random.key(seed)), seen, known)
    _, state = strategy.ask(jax.random.key(seed), state)
    rule = strategy.config.controller.target
    target = targets.normalise(known, rule).astype(np.float64)
    actual = targets.scale(known, rule).to_targets(rest)
    fitted = process.fit(strategy.features(seen), target)
    members = strategy.controller.predict(
        state.model["params"], strategy.as_encoded(unseen)
    )
    return {
        "process": described(actual, *fitted.predict(strategy.features(unseen))),
        "predictor": described(actual, members.mean(0), members.std(0)),
    }


def described(actual: np.ndarray, mean: np.ndarray, std: np.ndarray) -> list[float]:
    """Returns the numbers of `COLUMNS`, of targets and what was expected [num]."""
    off = actual - mean
    is_inside = np.abs(off) < 2 * std
    best = np.argsort(-mean, kind="stable")[:NUM_BEST]
    return [
        metrics.kendall_tau(mean, actual),
        np.sqrt(np.mean(off**2)),
        np.sqrt(np.mean(std**2)),
        is_inside.mean(),
        is_inside[best].mean(),
    ]


if __name__ == "__main__":
    main()
