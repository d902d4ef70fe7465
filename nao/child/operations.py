"""What a branch of a cell may compute: a registry of named operations.

An operation owns the shapes of its parameters and one function. Adding one is adding
one entry to `OPERATIONS`. Each works at stride 1 and 2 and keeps the channels.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nao.child import primitives
from nao.types import Array

NORM_DECAY = 0.9
NORM_EPSILON = 1e-5


class Norms:
    """The batch normalisations of one place in a network, called by their number.

    Collects the new running averages while a function is traced, since what an
    operation returns must not depend on how many normalisations it has.

    Args:
        scale_bias: float32 [num_norms, 2, channels]; may have more rows than used.
        running: float32 [num_norms, 2, channels]: mean and variance.
        train: Whether to normalise by the batch or by the running averages.
    """

    def __init__(self, scale_bias: Array, running: Array, train: bool):
        self._scale_bias = scale_bias
        self._running = [running[i] for i in range(running.shape[0])]
        self._train = train

    def __call__(self, number: int, x: Array) -> Array:
        """Normalises `x` [batch, height, width, channels] as number `number`."""
        running = self._running[number]
        if self._train:
            x, moments = _normalize(x)
            self._running[number] = NORM_DECAY * running + (1 - NORM_DECAY) * moments
        else:
            x = (x - running[0]) * jax.lax.rsqrt(running[1] + NORM_EPSILON)
        return x * self._scale_bias[number, 0] + self._scale_bias[number, 1]

    @property
    def running(self) -> Array:
        """The running averages [num_norms, 2, channels] after what was normalised."""
        return jnp.stack(self._running)


@jax.custom_vjp
def _normalize(x: Array) -> tuple[Array, Array]:
    """Returns `x` with mean 0 and variance 1 per channel, and its moments [2, c]."""
    return _normalize_forward(x)[0]


def _normalize_forward(x):
    mean = x.mean((0, 1, 2))
    centred = x - mean
    variance = (centred * centred).mean((0, 1, 2))
    inverse = jax.lax.rsqrt(variance + NORM_EPSILON)
    x = centred * inverse
    return (x, jnp.stack([mean, variance])), (x, inverse)


def _normalize_backward(saved, grads):
    # Two reductions, where automatic differentiation makes four. Nothing flows
    # through the moments: they only feed the running averages.
    x, inverse = saved
    grads = grads[0]
    along = (grads * x).mean((0, 1, 2))
    return (inverse * (grads - grads.mean((0, 1, 2)) - x * along),)


_normalize.defvjp(_normalize_forward, _normalize_backward)


@dataclasses.dataclass(frozen=True)
class Operation:
    """One entry of the registry.

    Attributes:
        shapes: Maps channels and stride to the shapes of the kernels, by name; fan
            in is the product of all but the last dimension.
        apply: Maps (kernels, norms, x, stride) to the output.
        num_norms: Maps the stride to how many batch normalisations it has.
    """

    shapes: Callable[[int, int], Mapping[str, tuple[int, ...]]]
    apply: Callable[[Mapping[str, Array], Norms, Array, int], Array]
    num_norms: Callable[[int], int]

    def num_parameters(self, channels: int, stride: int) -> int:
        """Counts the parameters it has at `stride`, scales and biases included."""
        sizes = map(math.prod, self.shapes(channels, stride).values())
        return sum(sizes) + 2 * channels * self.num_norms(stride)


def _sep_conv(kernel_size: int) -> Operation:
    """(ReLU, depthwise, pointwise, norm) twice; the first takes the stride."""

    def shapes(channels, stride):
        del stride
        spatial = (kernel_size, kernel_size, channels)
        names = {f"depthwise_{i}": spatial for i in (0, 1)}
        return names | {f"pointwise_{i}": (channels, channels) for i in (0, 1)}

    def apply(kernels, norms, x, stride):
        for i in (0, 1):
            x = jax.nn.relu(x)
            x = primitives.depthwise(x, kernels[f"depthwise_{i}"], (stride, 1)[i])
            x = norms(i, primitives.pointwise(x, kernels[f"pointwise_{i}"]))
        return x

    return Operation(shapes, apply, num_norms=lambda stride: 2)


def _pool(pool: Callable[[Array, int], Array]) -> Operation:
    """A pooling and a norm."""

    def apply(kernels, norms, x, stride):
        del kernels
        return norms(0, pool(x, stride))

    return Operation(lambda channels, stride: {}, apply, num_norms=lambda stride: 1)


def _identity() -> Operation:
    """The input itself; at stride 2 (ReLU, pointwise, norm)."""

    def shapes(channels, stride):
        return {} if stride == 1 else {"pointwise": (channels, channels)}

    def apply(kernels, norms, x, stride):
        if stride == 1:
            return x
        return norms(0, primitives.pointwise(jax.nn.relu(x), kernels["pointwise"], 2))

    return Operation(shapes, apply, num_norms=lambda stride: stride - 1)


OPERATIONS: dict[str, Operation] = {
    "sep_conv_3x3": _sep_conv(3),
    "sep_conv_5x5": _sep_conv(5),
    "avg_pool_3x3": _pool(primitives.avg_pool),
    "max_pool_3x3": _pool(primitives.max_pool),
    "identity": _identity(),
}


def get_operations(names: Sequence[str]) -> tuple[Operation, ...]:
    """Returns the operations registered under `names`, in their order.

    Raises:
        ValueError: If a name is unknown.
    """
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise ValueError(
            f"Unknown operation {unknown[0]!r}; known: {', '.join(OPERATIONS)}."
        )
    return tuple(OPERATIONS[name] for name in names)


class Packing:
    """Where each operation keeps its parameters inside one flat vector.

    Every branch of a cell has one vector with room for all operations. One array
    for a loop to slice and one gradient to accumulate make the program several times
    smaller than dozens of named arrays would.

    Attributes:
        size: Length of the vector.
        num_norms: The most batch normalisations of any one operation.
    """

    def __init__(self, names: Sequence[str], channels: int, strides: Sequence[int]):
        """Lays out the operations `names`, each at all `strides` (which share)."""
        self._channels = channels
        self._operations = get_operations(names)
        self._parts: list[dict[str, tuple[int, tuple[int, ...]]]] = []
        self.size = 0
        self.num_norms = 1
        for operation in self._operations:
            num_norms = max(operation.num_norms(stride) for stride in strides)
            self.num_norms = max(self.num_norms, num_norms)
            shapes = {}
            for stride in strides:
                shapes |= operation.shapes(channels, stride)
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

    def branches(self, stride: int, train: bool) -> list[Callable]:
        """Returns one function per operation, all of one signature.

        Each maps (vector, running averages, x) to (output, new running averages).
        """

        def run(index, vector, running, x):
            kernels, scale_bias = self.unpack(index, vector)
            norms = Norms(scale_bias, running, train)
            x = self._operations[index].apply(kernels, norms, x, stride)
            return x, norms.running

        return [functools.partial(run, i) for i in range(len(self._operations))]
