"""Searches for cells that are accurate and fast, by a clock of one's own.

    python experiments/examples/front_of_latency.py runs/latency

Each child is trained as in any search; then its exported program, the file that runs
without this project, is timed by `latency_ms`. Replace that by what times programs on
your phone or server. The page in the folder shows the front of both numbers. Takes some
ten minutes on two CPU cores.
"""

import argparse
import dataclasses
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

import nao
from nao.evaluators import Goals, TrainingEvaluator


def latency_ms(program: bytes, images: np.ndarray) -> float:
    """Returns the median time in which a program reads images, in milliseconds."""
    call = jax.jit(jax.export.deserialize(bytearray(program)).call)
    jax.block_until_ready(call(images))  # compiled here, outside of what is timed
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        jax.block_until_ready(call(images))
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds)


class TimedTraining(TrainingEvaluator):
    """Adds the latency of each child's exported program to its metrics."""

    def __init__(self, space: nao.spaces.Space, dataset: nao.data.ImageDataset, config):
        """Takes the first image of the validation part to be timed with."""
        super().__init__(space, dataset, config)
        self.metrics = (*self.metrics, "latency_ms")
        self.images = dataset.validation.images[:1]

    def evaluate(self, tokens, keys, budgets=None):
        """Yields the evaluations of the training, each with its latency."""
        trained = super().evaluate(tokens, keys, budgets)
        for row, key, evaluation in zip(tokens, keys, trained, strict=True):
            if evaluation.value is not None:
                program = self.child(row, key).export(platforms=[jax.default_backend()])
                latency = latency_ms(program, self.images)
                metrics = evaluation.metrics | {"latency_ms": latency}
                evaluation = dataclasses.replace(evaluation, metrics=metrics)
            yield evaluation

    def child(self, tokens, key) -> nao.TrainedChild:
        """Returns an architecture's network: as fast before its training as after."""
        archs = self.space.architecture(tokens[None])
        states = self.trainer.init(key[None], archs)
        return nao.TrainedChild.of(self.trainer.net, states, archs[0], self.task)


def main():
    """Searches, and prints the front."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", help="folder of the run; the same again goes on")
    parser.add_argument("--num_trials", type=int, default=30)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--num_train", type=int, default=0, help="images; 0 for all")
    args = parser.parse_args()
    space = nao.spaces.NASBench201()
    dataset = nao.data.load("digits", num_train=args.num_train)
    config = nao.ChildConfig(channels=args.channels, epochs=args.epochs)
    evaluator = TimedTraining(space, dataset, config)
    goals = Goals.of(evaluator, ("val_accuracy", "latency_ms"), minimize=["latency_ms"])
    strategy = nao.strategies.NAO(space, goals=goals)
    result = nao.search(
        strategy, evaluator, num_trials=args.num_trials, workdir=args.workdir
    )
    for trial in result.front:
        latency = trial.evaluation.metrics["latency_ms"]
        print(f"{trial.value:.4f} in {latency:.2f} ms: {space.format(trial.tokens)}")


if __name__ == "__main__":
    main()
