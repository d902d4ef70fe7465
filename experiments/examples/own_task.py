"""Searches a network for a task of one's own: how fast a noisy signal swings.

    python experiments/examples/own_task.py runs/signals

A task is data in three parts, a loss and what to search by; a network is any module of
Flax that reads the number of each slot's choice. One compiled program trains all of
its 625 architectures. Takes about half a minute on two CPU cores; the same command
continues. Replace `signals`, `Frequency` and `Net`.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import nao

LAYERS = ("next 1", "next 4", "pooling", "gate", "nothing")
SPACE = nao.spaces.custom({f"layer {i}": LAYERS for i in range(1, 5)}, name="signals")


def signals(num: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Returns noisy waves [num, 32, 1], and how often each swings, [num]."""
    rng = np.random.default_rng(0)
    swings, phase = rng.uniform(1, 5, num), rng.uniform(0, 2 * np.pi, num)
    times = np.linspace(0, 1, 32)
    waves = np.sin(2 * np.pi * swings[:, None] * times + phase[:, None])
    return (waves + rng.normal(0, 0.3, waves.shape))[..., None], swings


class Frequency(nao.Task):
    """Learns by squared errors, searches by absolute ones: lower is better."""

    objective, unit, example = "error", "swings", "signal"

    def loss(self, outputs, targets):
        """Returns the squared error of each signal, [batch]."""
        return (outputs - targets) ** 2

    def metrics(self, outputs, targets):
        """Returns how far off each signal's frequency is, [batch]."""
        return {"error": jnp.abs(outputs - targets)}


def beside(x, distance):
    """Puts later points beside each: a convolution, in a form that is fast on CPU."""
    return jnp.concatenate([x, jnp.roll(x, -distance, 1)], -1)


class Net(nao.FlaxNet):
    """Four layers, chosen one by one, between two linear ones."""

    channels: int = 8

    @nn.compact
    def __call__(self, signals, arch, train):
        """Returns the frequency of signals [batch, 32, 1], by `arch` [4]."""
        width = self.channels
        x = nn.Dense(width)(signals)
        for choice in arch:
            x = self.choose(
                choice,
                x,
                lambda x: nn.relu(nn.Dense(width)(beside(x, 1))),
                lambda x: nn.relu(nn.Dense(width)(beside(x, 4))),
                lambda x: jnp.maximum(x, jnp.roll(x, 1, 1)),
                lambda x: x * nn.sigmoid(nn.Dense(width)(x)),
                lambda x: x,
            )
        return nn.Dense(1)(x.mean(1))[:, 0]


def main():
    """Searches, and keeps the best network, with nao and without."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=pathlib.Path, help="folder of the search")
    parser.add_argument("--num_trials", type=int, default=24)
    args = parser.parse_args()
    evaluator = nao.evaluators.TrainingEvaluator(
        SPACE,
        Frequency("waves", nao.data.cut(*signals())),
        nao.ChildConfig(epochs=10, batch_size=32, learning_rate=0.05),
        nao.FinalConfig(epochs=20, learning_rate=0.05),
        network=Net,
    )
    config = nao.strategies.NAOConfig(num_seed_archs=12, round_size=6)
    result = nao.search(
        nao.strategies.NAO(SPACE, config),
        evaluator,
        num_trials=args.num_trials,
        workdir=args.workdir,
    )
    print(result)
    print(f"Off by {result.best.value:.3f} swings: {SPACE.format(result.best.tokens)}")
    print(f"Tested once: {result.summary['best']['test']}")
    _, network = evaluator.train(result.best.tokens, jax.random.key(0))
    network.save(args.workdir / "network")  # nao.TrainedChild.load(folder, Net)
    (args.workdir / "network.jax_export").write_bytes(network.export())


if __name__ == "__main__":
    main()
