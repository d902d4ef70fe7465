"""Arrays of any kind in three fixed parts: what a network reads, what it should say."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.data.split import PARTS
from nao.types import Array


class Examples(NamedTuple):
    """What networks learn in one part of the data.

    Attributes:
        inputs: What a network reads, [num, ...].
        targets: What it should say of them, [num, ...].
    """

    inputs: np.ndarray
    targets: np.ndarray


class Normalisation(NamedTuple):
    """What inputs become before a network reads them: of mean 0 and deviation 1.

    Attributes:
        mean: What is taken from each number of the last axis, float32 [size].
        deviation: What the rest is divided by, float32 [size].
    """

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, inputs: np.ndarray) -> "Normalisation":
        """Measures the inputs [num, ..., size] of a training part."""
        rows = np.reshape(inputs, (-1, np.shape(inputs)[-1]))
        mean, deviation = rows.mean(0, np.float64), rows.std(0, np.float64)
        # What never changes stays at a deviation of 1: nothing to scale.
        deviation = np.where(deviation > 0, deviation, 1.0)
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def apply(self, inputs: Array) -> Array:
        """Normalises inputs of any number type, float32 of the same shape."""
        return (inputs.astype(jnp.float32) - self.mean) / self.deviation


def cut(inputs: Sequence, targets: Sequence, share: float = 0.1) -> dict[str, Examples]:
    """Cuts arrays into three parts at random, always the same way.

    Args:
        inputs: What a network reads, [num, ...].
        targets: What it should say of them, [num, ...].
        share: Share of the examples that validation gets, and test as well.

    Raises:
        ValueError: If they are too few, not as many, or the share is out of range.
    """
    inputs, targets = np.asarray(inputs), np.asarray(targets)
    if not 0 < share < 0.5:
        raise ValueError(f"share must be above 0 and below 0.5, got {share}.")
    if len(inputs) != len(targets) or len(inputs) < len(PARTS):
        raise ValueError(
            f"There must be as many targets as inputs, {len(PARTS)} or more, got "
            f"{len(inputs)} inputs and {len(targets)} targets."
        )
    size = max(1, round(share * len(inputs)))
    order = np.random.default_rng(0).permutation(len(inputs))
    validation, test, train = np.split(order, [size, 2 * size])
    rows = {"train": train, "validation": validation, "test": test}
    return {part: Examples(inputs[own], targets[own]) for part, own in rows.items()}


def checked(parts: Mapping[str, Sequence]) -> dict[str, Examples]:
    """Returns all three parts as arrays of the number types that JAX computes in.

    Args:
        parts: Inputs and targets of `train`, `validation` and `test`.

    Raises:
        ValueError: If a part is missing, empty, or unlike the training part.
    """
    if not isinstance(parts, Mapping) or set(parts) != set(PARTS):
        names = list(parts) if isinstance(parts, Mapping) else type(parts).__name__
        raise ValueError(f"parts must be {', '.join(PARTS)}, got {names}.")
    made = {part: Examples(*map(_as_array, parts[part])) for part in PARTS}
    for part, (inputs, targets) in made.items():
        if inputs.shape[:1] != targets.shape[:1] or not inputs.size:
            raise ValueError(
                f"Every part needs inputs and as many targets, got shapes "
                f"{list(inputs.shape)} and {list(targets.shape)} in {part}."
            )
        for kind, own, first in zip(
            Examples._fields, made[part], made["train"], strict=True
        ):
            if (own.shape[1:], own.dtype) != (first.shape[1:], first.dtype):
                raise ValueError(
                    f"{kind} of all parts must be of one shape and type, got "
                    f"{_described(first)} in train and {_described(own)} in {part}."
                )
    return made


def _as_array(values: Sequence) -> np.ndarray:
    """Returns an array of a type that devices have: float64 becomes float32."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"Inputs and targets must be numbers, got {array.dtype}.")
    return array.astype(jax.dtypes.canonicalize_dtype(array.dtype), copy=False)


def _described(array: np.ndarray) -> str:
    return f"{array.dtype} {list(array.shape[1:])}"
