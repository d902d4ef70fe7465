"""Small networks: of fixed functions, whose every score is known, and of two layers."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

import nao
from nao import spaces
from nao.child import ChildConfig
from nao.data import PARTS
from nao.data.examples import Examples
from nao.evaluators.shared import SharedConfig, SharedEvaluator


class Fixed(nao.FlaxNet):
    """Each choice moves the output by a fixed amount; one parameter that nobody needs.

    The target is 0, so the loss says how much all choices add up to.
    """

    @nn.compact
    def __call__(self, inputs, arch, train):
        moved = self.param("nothing", nn.initializers.zeros, ()) * 0.0
        total = sum(
            self.choose(number, 1.0 + moved, *(lambda x, i=i: x * i for i in range(4)))
            for number in arch
        )
        return total + 0 * inputs[:, 0]


class Dense(nao.FlaxNet):
    """Two layers, each of three; what the first says is normalised over the batch."""

    num_outputs: int

    @nn.compact
    def __call__(self, inputs, arch, train):
        hidden = self._layer(inputs.reshape(len(inputs), -1), arch[0], 4)
        hidden = nn.BatchNorm(not train, axis_name=self.axis_name)(hidden)
        return self._layer(nn.relu(hidden), arch[1], self.num_outputs)

    def _layer(self, inputs, number, size):
        return self.choose(number, inputs, *(nn.Dense(size) for _ in range(3)))


class _Zero(nao.Task):
    def loss(self, outputs, targets):
        return jnp.abs(outputs - targets)


def fixed(**shared):
    """Returns an evaluator of two slots of the numbers 0 to 3, which it adds up."""
    space = spaces.custom({"a": range(4), "b": range(4)})
    part = Examples(np.ones((8, 1), np.float32), np.zeros(8, np.float32))
    return SharedEvaluator(
        space,
        _Zero("zero", dict.fromkeys(PARTS, part)),
        ChildConfig(batch_size=4),
        shared=SharedConfig(**{"epochs": 1} | shared),
        network=Fixed,
    )
