"""Measures how well scores by shared weights rank a table, by each kind of batch norm.

    python experiments/benchmarks/norms_of_scores.py --config=nasbench201 \\
        --config.table.path=cifar10.csv.gz --config.data.name=folder \\
        --config.data.path=cifar10 --config.shared.epochs=250 --points=20,60,120

One set of weights learns, on what `random_ws` draws. After each epoch of `--points` and
after the last one the same architectures of the table, drawn at random, are scored by
it, once for each choice of `shared.norms`. What comes of it is added to the file of
`--output`, by default in `runs/norms/`, a line each. Then the table of all seeds in it
is printed, mean and standard deviation of

tau        Kendall's tau-b of scores and the table's values
tau_loss   the same of validation losses, which are finer than shares of examples
rho        Spearman's rank correlation
precision  share of the tenth scored highest that are among the best tenth
regret     how far the one scored highest lies from the best, in the table's unit
rank       its true rank among them
seconds    to score all of them; at the first point with compilation

with a row for the number of parameters, which costs nothing. The rate of learning falls
until the last epoch, so an earlier point is no whole lesson.
"""

import argparse
import json
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import numpy as np

from experiments.benchmarks import config_flags
from nao import fields
from nao.benchmark import comparison, supernet
from nao.benchmark.agreement import agreement
from nao.child.scoring import NORMS
from nao.commands import build
from nao.config import Config
from nao.controller import metrics
from nao.evaluators import SharedEvaluator, TableEvaluator
from nao.strategies.unseen import Unseen
from nao.system import compiling
from nao.types import PyTree

FLAGS = ("table", "space", "data", "child", "shared", "random_ws")
COLUMNS = ("tau", "tau_loss", "rho", "precision", "regret", "rank", "seconds")

Row = Mapping[str, Any]  # seed, epochs, norms, and `COLUMNS`


class Scores(NamedTuple):
    """What one way to score says of architectures, float64 [num], higher is better."""

    values: np.ndarray
    by_loss: np.ndarray
    seconds: float


def main(words: list[str] | None = None) -> None:
    """Adds the rows of a seed to the file, and prints the means of all in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    parser.add_argument("--points", default="", help="epochs after which to score, too")
    parser.add_argument("--num_ranked", type=int, default=300, help="architectures")
    parser.add_argument("--output", type=pathlib.Path, help="default: in runs/norms/")
    config_flags.define(parser, FLAGS, default="nasbench201")
    args = parser.parse_args(words)
    compiling.use_compile_cache()
    named = f"{pathlib.Path(args.config).stem}.jsonl"
    output = args.output or config_flags.ROOT / "runs/norms" / named
    try:
        _measure_to(output, args)
    except ValueError as error:
        sys.exit(f"norms_of_scores.py: {error}")
    print_means([json.loads(line) for line in output.read_text().splitlines()])


def _measure_to(output: pathlib.Path, args: argparse.Namespace) -> None:
    config, table = config_flags.read_table(args, FLAGS)
    given = {"evaluator": "shared", "strategy": "random_ws"}
    config = fields.override(config, given)
    points = _read_points(args.points, config.shared.epochs)
    tokens, true = drawn(table, args.num_ranked)
    output.parent.mkdir(parents=True, exist_ok=True)
    for row in measure(config, tokens, true, args.seed, points):
        with output.open("a") as file:
            file.write(json.dumps(row) + "\n")


def _read_points(text: str, last: int) -> set[int]:
    points = set()
    for word in filter(None, text.split(",")):
        if not (word.isdecimal() and 1 <= int(word) <= last):
            raise ValueError(f"--points must be epochs from 1 to {last}, got {word!r}.")
        points.add(int(word))
    return points


def drawn(table: TableEvaluator, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns architectures of a table, int32 [num, length], and values, float64 [num].

    Values are such that higher is better.
    """
    tokens = Unseen(table.space, "sequence").draw(np.random.default_rng(0), num)
    keys = np.zeros(len(tokens))  # a table takes no randomness
    values = [found.value for found in table.evaluate(tokens, keys)]
    return tokens, table.objective.sign * np.array(values, np.float64)


def measure(
    config: Config, tokens: np.ndarray, true: np.ndarray, seed: int, points: set[int]
) -> Iterator[Row]:
    """Yields rows as one set of weights learns, first that of the parameters."""
    kinds = {
        norms: build.evaluator(fields.override(config, {"shared.norms": norms}))
        for norms in NORMS
    }
    learner = kinds[config.shared.norms]
    known = learner.known(tokens)["num_parameters"]
    yield _row(seed, 0, "number of parameters", Scores(known, known, 0.0), true)
    draw, key = supernet.begin(build.strategy(config, learner), seed)
    for state in learner.learn(learner.init(key), draw):
        epoch = int(state["epoch"])
        if epoch in points | {config.shared.epochs}:
            for norms, evaluator in kinds.items():
                scores = _scored(evaluator, tokens, state)
                yield _row(seed, epoch, norms, scores, true)


def _scored(evaluator: SharedEvaluator, tokens: np.ndarray, state: PyTree) -> Scores:
    """Scores architectures, int32 [num, length].

    Raises:
        ValueError: If one has no score, as of weights that diverged.
    """
    start = time.perf_counter()
    found = list(evaluator.evaluate(tokens, np.zeros(len(tokens)), state))
    seconds = time.perf_counter() - start
    for each in found:
        if each.value is None:
            raise ValueError(f"An architecture has no score: {each.reason}.")
    values = evaluator.objective.sign * np.array([each.value for each in found])
    losses = np.array([each.metrics["val_loss"] for each in found])
    return Scores(values, -losses, seconds)


def _row(seed: int, epochs: int, norms: str, scores: Scores, true: np.ndarray) -> Row:
    found = agreement(scores.values, true)
    of_loss = metrics.kendall_tau(true, scores.by_loss)
    numbers = (found.kendall_tau, of_loss, found.spearman_rho, found.precision)
    numbers += (found.regret, found.rank, scores.seconds)
    where = {"seed": seed, "epochs": epochs, "norms": norms}
    return where | dict(zip(COLUMNS, numbers, strict=True))


def print_means(rows: Sequence[Row]) -> None:
    """Prints the means over seeds, a line for each number of epochs and kind."""
    print(f"| epochs | norms | seeds | {' | '.join(COLUMNS)} |")
    print(f"| --- | --- | --- {'| --- ' * len(COLUMNS)}|")
    for epochs, norms in dict.fromkeys((x["epochs"], x["norms"]) for x in rows):
        same = [x for x in rows if (x["epochs"], x["norms"]) == (epochs, norms)]
        last = {x["seed"]: x for x in same}  # of a seed that was measured again
        cells = [_spread([x[name] for x in last.values()]) for name in COLUMNS]
        print(f"| {epochs} | {norms} | {len(last)} | {' | '.join(cells)} |")


def _spread(numbers: Sequence[float]) -> str:
    values = np.array(numbers)
    return comparison.spread(values.mean(), comparison.deviation(values), 3)


if __name__ == "__main__":
    main()
