"""Measures a controller on architectures it never saw.

    python experiments/benchmarks/controller_accuracy.py cifar10.csv.gz

Fits the default controller to random rows of a NAS-Bench-201 table (columns `arch_str`
and `val200`) and asks it about all other rows: pairwise accuracy and Kendall's tau of
its predictions, and the Hamming distance, in tokens of 6, between cells and what it
decodes from their embeddings. Prints a row per seed, then mean and standard deviation.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from nao import spaces, strategies
from nao.controller import metrics
from nao.evaluators import TableConfig, table
from nao.system import compiling


def measure(evaluator: table.TableEvaluator, num_train: int, seed: int) -> list[float]:
    """Returns pairwise accuracy, Kendall's tau and Hamming distance of one fit."""
    space = evaluator.space
    tokens = np.concatenate(list(space.enumerate()))
    order = np.random.default_rng(seed).permutation(len(tokens))
    seen, unseen = np.split(tokens[order], [num_train])
    keys = np.zeros(len(tokens))  # a table takes no randomness

    def values(rows):
        return np.array([e.value for e in evaluator.evaluate(rows, keys)])

    # A round of NAO fits its controller to all it was told.
    config = strategies.NAOConfig(num_seed_archs=num_train)
    strategy = strategies.NAO(space, config, "sequence")
    state = strategy.tell(strategy.init(jax.random.key(seed)), seen, values(seen))
    _, state = strategy.ask(jax.random.key(seed), state)
    params, encoded = state.model["params"], strategy.as_encoded(unseen)
    predicted = strategy.controller.predict(params, encoded).mean(0)
    actual = values(unseen)
    decoded = strategy.reconstruct(state, encoded[:1000])
    return [
        metrics.pairwise_accuracy(actual, predicted),
        metrics.kendall_tau(actual, predicted),
        metrics.hamming_distance(encoded[:1000], decoded),
    ]


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="the table, CSV or gzip")
    parser.add_argument("--num_train", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    compiling.use_compile_cache()
    config = TableConfig(args.path, architecture="arch_str", objective="val200")
    evaluator = table.load(config, spaces.NASBench201())
    print("seed | pairwise accuracy | Kendall tau | Hamming distance")
    rows = []
    for seed in range(args.seeds):
        rows.append(measure(evaluator, args.num_train, seed))
        print(seed, *(f"{value:.4f}" for value in rows[-1]), sep=" | ", flush=True)
    for name, row in (("mean", np.mean(rows, 0)), ("sd", np.std(rows, 0, ddof=1))):
        print(name, *(f"{value:.4f}" for value in row), sep=" | ")


if __name__ == "__main__":
    main()
