"""The branches of a cell: one vector of parameters each, one operation of several.

In the universal program a vector holds the parameters of every operation, one after the
other; in the program of one architecture those of one operation alone. One flat vector,
for a loop to slice and one gradient to accumulate, makes the program several times
smaller than dozens of named arrays would.
"""

import functools
import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np

from nao.child.norms import Norms
from nao.child.operations import get_operations, normed
from nao.types import Array

_NORMS = "norms"  # beside the names of an operation's kernels


class Packing:
    """Where each operation keeps its parameters inside one flat vector.

    Attributes:
        size: Length of the vector.
        num_norms: The most batch normalisations of any one operation.
    """

    def __init__(
        self,
        names: Sequence[str],
        channels: int,
        strides: Sequence[int],
        affine: bool = True,
    ):
        """Lays out the parameters of operations.

        Args:
            names: Names of the operations.
            channels: Channels of their inputs and outputs.
            strides: Strides that a branch may have. A kernel of the same name is one,
                whatever the stride; some are there at stride 2 alone.
            affine: Whether norms have scales and biases. Without, as where operations
                are mixed, poolings are followed by a norm, too.
        """
        self.channels = channels
        self._operations = get_operations(names)
        if not affine:
            self._operations = tuple(map(normed, self._operations))
        # Of each operation, by name, where an array starts and its shape.
        self._places: list[dict[str, tuple[int, tuple[int, ...]]]] = []
        self.size = 0
        self.num_norms = 0
        for operation in self._operations:
            num_norms = max(operation.num_norms(stride) for stride in strides)
            self.num_norms = max(self.num_norms, num_norms)
            shapes = {}
            for stride in strides:
                for name, kernel in operation.kernels(channels, stride).items():
                    shapes[name] = kernel.shape
            places = {}
            # Scales and biases come last, those of the first norms first, so that a
            # stride with fewer norms reads the beginning of them.
            if affine:
                shapes[_NORMS] = (num_norms, 2, channels)
            for name, shape in shapes.items():
                places[name] = (self.size, shape)
                self.size += math.prod(shape)
            self._places.append(places)

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation that each element starts with; 0 for scales and biases."""
        deviation = np.zeros(self.size, np.float32)
        for places in self._places:
            for name, (start, shape) in places.items():
                if name != _NORMS:
                    stop = start + math.prod(shape)
                    # As `parameters.kernel`: variance 1 / fan in.
                    deviation[start:stop] = 1 / math.sqrt(math.prod(shape[:-1]))
        return deviation

    @property
    def mean(self) -> np.ndarray:
        """Value that each element starts around: 1 for scales, 0 for all else."""
        mean = np.zeros(self.size, np.float32)
        for start, shape in (p[_NORMS] for p in self._places if _NORMS in p):
            ones = np.zeros(shape, np.float32)
            ones[:, 0] = 1
            mean[start : start + ones.size] = ones.ravel()
        return mean

    def unpack(
        self, index: int, vector: Array
    ) -> tuple[dict[str, Array], Array | None]:
        """Returns the kernels of operation `index`, and its scales and biases."""
        arrays = {
            name: vector[start : start + math.prod(shape)].reshape(shape)
            for name, (start, shape) in self._places[index].items()
        }
        return arrays, arrays.pop(_NORMS, None)

    def extract(self, index: int, stride: int, vector: Array) -> Array:
        """Returns the parameters of operation `index` at `stride`, as one vector.

        It is that of a `Packing` of this operation and stride alone, so its arrays are
        in the same order.
        """
        kernels, scale_bias = self.unpack(index, vector)
        operation = self._operations[index]
        names = operation.kernels(self.channels, stride)
        own = [kernels[name] for name in names]
        own.append(scale_bias[: operation.num_norms(stride)])
        # Of a trained child they lie on the host, where nothing is compiled for it.
        on_host = isinstance(vector, np.ndarray)
        return (np if on_host else jnp).concatenate([array.ravel() for array in own])

    def branches(
        self, stride: int, train: bool, axis_name: str | None = None
    ) -> list[Callable]:
        """Returns one function per operation, all of one signature.

        Each maps (vector, running averages, x) to (output, new running averages).
        """

        def run(index, vector, running, x):
            kernels, scale_bias = self.unpack(index, vector)
            # Parameters stay float32; convolutions compute in the type of the images.
            kernels = {name: kernel.astype(x.dtype) for name, kernel in kernels.items()}
            norms = Norms(scale_bias, running, train, axis_name)
            x = self._operations[index].apply(kernels, norms, x, stride)
            return x, norms.running

        return [functools.partial(run, i) for i in range(len(self._operations))]
