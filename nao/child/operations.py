"""What a branch of a cell may compute: a registry of named operations.

An operation owns the shapes of its kernels and one function. Adding one is adding one
entry to `OPERATIONS`. Each works at stride 1 and 2 and keeps the channels. Convolutions
are (ReLU, convolution, norm), separable ones (ReLU, depthwise, pointwise, norm), once
or twice; poolings have no parameters. Which paper searched which of them is written
beside the sets, in `nao.spaces.conv_cell`.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nao.child import primitives
from nao.child.norms import Norms
from nao.types import Array


class Kernel(NamedTuple):
    """A kernel of an operation.

    Attributes:
        shape: Its shape; fan in is the product of all dimensions but the last.
        strides: Height and width of the operation's input over those of the kernel's
            output, by which multiply-adds are counted.
    """

    shape: tuple[int, ...]
    strides: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Operation:
    """One entry of the registry.

    Attributes:
        kernels: Maps channels and stride to the kernels, by name.
        apply: Maps (kernels, norms, x, stride) to the output.
        num_norms: Maps the stride to how many batch normalisations it has.
        is_pool: Whether it is a pooling.
    """

    kernels: Callable[[int, int], Mapping[str, Kernel]]
    apply: Callable[[Mapping[str, Array], Norms, Array, int], Array]
    num_norms: Callable[[int], int]
    is_pool: bool = False

    def num_parameters(self, channels: int, stride: int) -> int:
        """Counts the parameters it has at `stride`, scales and biases included."""
        kernels = self.kernels(channels, stride).values()
        sizes = (math.prod(kernel.shape) for kernel in kernels)
        return sum(sizes) + 2 * channels * self.num_norms(stride)

    def num_multiply_adds(
        self, channels: int, stride: int, size: tuple[int, int]
    ) -> int:
        """Counts the multiply-adds of its convolutions for one image of `size`."""
        return sum(
            math.prod(kernel.shape)
            * math.prod(-(-n // s) for n, s in zip(size, kernel.strides, strict=True))
            for kernel in self.kernels(channels, stride).values()
        )


def _separable(kernel_size: int, dilation: int = 1, repeats: int = 2) -> Operation:
    """(ReLU, depthwise, pointwise, norm), repeated; the first takes the stride."""

    def kernels(channels, stride):
        strides = (stride, stride)
        # All repetitions work on the image that the first has made smaller.
        depthwise = Kernel((kernel_size, kernel_size, channels), strides)
        pointwise = Kernel((channels, channels), strides)
        numbers = range(repeats)
        # The order fixes where each lies in a branch's vector, so what is drawn for it.
        return {f"depthwise_{i}": depthwise for i in numbers} | {
            f"pointwise_{i}": pointwise for i in numbers
        }

    def apply(kernels, norms, x, stride):
        for i in range(repeats):
            depthwise, step = kernels[f"depthwise_{i}"], 1 if i else stride
            x = primitives.depthwise(jax.nn.relu(x), depthwise, step, dilation)
            x = norms(i, primitives.pointwise(x, kernels[f"pointwise_{i}"]))
        return x

    return Operation(kernels, apply, num_norms=lambda stride: repeats)


def _convolution(kernel_size: int) -> Operation:
    """ReLU, convolution, norm."""

    def kernels(channels, stride):
        shape = (kernel_size, kernel_size, channels, channels)
        return {"kernel": Kernel(shape, (stride, stride))}

    def apply(kernels, norms, x, stride):
        strides = (stride, stride)
        return norms(
            0, primitives.convolution(jax.nn.relu(x), kernels["kernel"], strides)
        )

    return Operation(kernels, apply, num_norms=lambda stride: 1)


def _factorized(kernel_size: int) -> Operation:
    """ReLU, convolution along a row, convolution along a column, norm."""

    def kernels(channels, stride):
        size = (channels, channels)
        return {
            # Along a row only the width gets smaller, so the column has less to do.
            "row": Kernel((1, kernel_size, *size), (1, stride)),
            "column": Kernel((kernel_size, 1, *size), (stride, stride)),
        }

    def apply(kernels, norms, x, stride):
        x = primitives.convolution(jax.nn.relu(x), kernels["row"], (1, stride))
        return norms(0, primitives.convolution(x, kernels["column"], (stride, 1)))

    return Operation(kernels, apply, num_norms=lambda stride: 1)


def _pool(pool: Callable[[Array, int, int], Array], size: int) -> Operation:
    """A pooling; it keeps the channels, so it needs no convolution."""

    def apply(kernels, norms, x, stride):
        del kernels, norms
        return pool(x, size, stride)

    return Operation(lambda channels, stride: {}, apply, lambda stride: 0, is_pool=True)


def _identity() -> Operation:
    """The input itself; at stride 2 (ReLU, factorized reduction, norm)."""

    def kernels(channels, stride):
        if stride == 1:
            return {}
        return {"pointwise": Kernel((channels, channels), (stride, stride))}

    def apply(kernels, norms, x, stride):
        if stride == 1:
            return x
        x = primitives.factorized_reduction(jax.nn.relu(x), kernels["pointwise"])
        return norms(0, x)

    # One norm at stride 2, none at stride 1.
    return Operation(kernels, apply, num_norms=lambda stride: stride - 1)


def _none() -> Operation:
    """Zeros: the branch is not there."""

    def apply(kernels, norms, x, stride):
        del kernels, norms
        # Of the shape that every other operation returns.
        return jnp.zeros_like(x[:, ::stride, ::stride])

    return Operation(lambda channels, stride: {}, apply, num_norms=lambda stride: 0)


OPERATIONS: dict[str, Operation] = {
    "none": _none(),
    "identity": _identity(),
    "conv_1x1": _convolution(1),
    "conv_3x3": _convolution(3),
    "conv_1x3_3x1": _factorized(3),
    "conv_1x7_7x1": _factorized(7),
    "sep_conv_3x3": _separable(3),
    "sep_conv_5x5": _separable(5),
    "sep_conv_7x7": _separable(7),
    "dil_conv_3x3": _separable(3, dilation=2, repeats=1),
    "dil_conv_5x5": _separable(5, dilation=2, repeats=1),
    "avg_pool_2x2": _pool(primitives.avg_pool, 2),
    "avg_pool_3x3": _pool(primitives.avg_pool, 3),
    "avg_pool_5x5": _pool(primitives.avg_pool, 5),
    "max_pool_2x2": _pool(primitives.max_pool, 2),
    "max_pool_3x3": _pool(primitives.max_pool, 3),
    "max_pool_5x5": _pool(primitives.max_pool, 5),
    "max_pool_7x7": _pool(primitives.max_pool, 7),
}
# Other names of some, those that NAS-Bench-201 has for them.
ALIASES = {
    "skip_connect": "identity",
    "nor_conv_1x1": "conv_1x1",
    "nor_conv_3x3": "conv_3x3",
}


def is_identity(name: str) -> bool:
    """Returns whether a name is that of the identity, which drop path leaves alone."""
    return ALIASES.get(name, name) == "identity"


def normed(operation: Operation) -> Operation:
    """Returns a pooling followed by a norm; any other operation as it is.

    In a mixture what a pooling gives must be as large as what convolutions give.
    """
    if not operation.is_pool:
        return operation

    def apply(kernels, norms, x, stride):
        return norms(0, operation.apply(kernels, norms, x, stride))

    return dataclasses.replace(operation, apply=apply, num_norms=lambda stride: 1)


def get_operations(names: Sequence[str]) -> tuple[Operation, ...]:
    """Returns the operations registered under `names`, in their order.

    Raises:
        ValueError: If a name is unknown.
    """
    found = [ALIASES.get(name, name) for name in names]
    unknown = [name for name in found if name not in OPERATIONS]
    if unknown:
        raise ValueError(
            f"Unknown operation {unknown[0]!r}; known: {', '.join(OPERATIONS)}."
        )
    return tuple(OPERATIONS[name] for name in found)
