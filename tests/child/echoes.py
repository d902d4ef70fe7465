"""A task that is not of images: the label of a window is in the window before it."""

import dataclasses
from typing import ClassVar

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

import nao
from nao.child import Classification

SPACE = nao.spaces.custom({"activation": ("tanh", "sine"), "skip": ("no", "yes")})
_LENGTH = 2  # symbols of a window


@dataclasses.dataclass(frozen=True)
class Echo(Classification):
    """Windows of zeros and ones; the class is the last symbol of the one before."""

    example: ClassVar[str] = "window"
    carries: ClassVar[bool] = True
    evaluate_batch: ClassVar[int] = 4


class Alone(Echo):
    """The same, each window by itself: its label can't be known."""

    carries = False


class Reader(nao.FlaxNet):
    """A recurrent network that carries its state from window to window."""

    channels: int
    num_outputs: int

    def initial_carry(self, batch):
        return jnp.zeros((batch, self.channels))

    @nn.compact
    def __call__(self, symbols, arch, train, carry):
        mix, skip = nn.Dense(self.channels), nn.Dense(self.channels)
        for step in range(_LENGTH):
            symbol = jnp.eye(2)[symbols[:, step]]
            mixed = mix(jnp.concatenate([symbol, carry], -1))
            carry = self.choose(arch[0], mixed, nn.tanh, jnp.sin)
            carry = self.choose(
                arch[1], carry, lambda x: x, lambda x, s=symbol: x + skip(s)
            )
        return nn.Dense(self.num_outputs)(carry), carry


def windows(num, seed=0):
    """Returns random windows, int64 [num, 2], and their labels."""
    symbols = np.random.default_rng(seed).integers(0, 2, (num, _LENGTH))
    return symbols, np.concatenate([[0], symbols[:-1, -1]])


def task(kind=Echo, num=256):
    parts = {part: windows(num, seed) for seed, part in enumerate(nao.data.PARTS)}
    return kind("echoes", parts, num_outputs=2)


def evaluator(kind=Echo, devices=None, **changes):
    fields = {"channels": 16, "epochs": 10, "batch_size": 8, "learning_rate": 0.02}
    config = nao.ChildConfig(**fields | changes)
    final = nao.FinalConfig(epochs=12, learning_rate=0.02)
    return nao.evaluators.TrainingEvaluator(
        SPACE, task(kind), config, final, devices, network=Reader
    )
