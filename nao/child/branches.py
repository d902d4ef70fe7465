"""The branches of a cell: one vector of parameters each, one operation of several.

In the universal program a vector has room for the parameters of every operation; in the
program of one architecture it holds those of one operation alone. One flat vector, for
a loop to slice and one gradient to accumulate, makes the program several times smaller
than dozens of named arrays would.
"""

import functools
import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np

from nao.child.norms import Norms
from nao.child.operations import get_operations
from nao.types import Array


class Packing:
    """Where each operation keeps its parameters inside one flat vector.

    Attributes:
        size: Length of the vector.
        num_norms: The most batch normalisations of any one operation.
    """

    def __init__(self, names: Sequence[str], channels: int, strides: Sequence[int]):
        """Lays out the operations `names`, each at all `strides` (which share)."""
        self.channels = channels
        self._operations = get_operations(names)
        self._parts: list[dict[str, tuple[int, tuple[int, ...]]]] = []
        self.size = 0
        self.num_norms = 0
        for operation in self._operations:
            num_norms = max(operation.num_norms(stride) for stride in strides)
            self.num_norms = max(self.num_norms, num_norms)
            shapes = {}
            for stride in strides:
                for name, kernel in operation.kernels(channels, stride).items():
                    shapes[name] = kernel.shape
            part = {}
            for name, shape in (shapes | {"": (num_norms, 2, channels)}).items():
                part[name] = (self.size, shape)
                self.size += math.prod(shape)
            self._parts.append(part)

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation that each element starts with; 0 for scales and biases."""
        deviation = np.zeros(self.size, np.float32)
        for part in self._parts:
            for name, (start, shape) in part.items():
                if name:
                    stop = start + math.prod(shape)
                    deviation[start:stop] = 1 / math.sqrt(math.prod(shape[:-1]))
        return deviation

    @property
    def mean(self) -> np.ndarray:
        """Value that each element starts around: 1 for scales, 0 for all else."""
        mean = np.zeros(self.size, np.float32)
        for part in self._parts:
            start, shape = part[""]
            ones = np.zeros(shape, np.float32)
            ones[:, 0] = 1
            mean[start : start + ones.size] = ones.ravel()
        return mean

    def unpack(self, index: int, vector: Array) -> tuple[dict[str, Array], Array]:
        """Returns the kernels of operation `index`, and its scales and biases."""
        arrays = {
            name: vector[start : start + math.prod(shape)].reshape(shape)
            for name, (start, shape) in self._parts[index].items()
        }
        return arrays, arrays.pop("")

    def extract(self, index: int, stride: int, vector: Array) -> Array:
        """Returns the vector of a packing of operation `index` at `stride` alone."""
        kernels, scale_bias = self.unpack(index, vector)
        operation = self._operations[index]
        names = operation.kernels(self.channels, stride)
        own = [kernels[name] for name in names]
        own.append(scale_bias[: operation.num_norms(stride)])
        return jnp.concatenate([jnp.ravel(array) for array in own])

    def branches(
        self, stride: int, train: bool, axis_name: str | None = None
    ) -> list[Callable]:
        """Returns one function per operation, all of one signature.

        Each maps (vector, running averages, x) to (output, new running averages).
        """

        def run(index, vector, running, x):
            kernels, scale_bias = self.unpack(index, vector)
            kernels = {name: kernel.astype(x.dtype) for name, kernel in kernels.items()}
            norms = Norms(scale_bias, running, train, axis_name)
            x = self._operations[index].apply(kernels, norms, x, stride)
            return x, norms.running

        return [functools.partial(run, i) for i in range(len(self._operations))]
