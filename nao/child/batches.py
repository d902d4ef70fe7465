"""Examples on the devices, and which of them make up each batch."""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from nao.child.task import PREFIXES, Task
from nao.data.examples import Examples, Normalisation
from nao.types import Array

CHILDREN, DATA = "children", "data"  # axes of a mesh


class DevicePart(NamedTuple):
    """One part of a task's data on the devices, and how its inputs are normalised."""

    inputs: Array  # [num, ...]
    targets: Array  # [num, ...]
    weights: Array  # float32 [num], 0 for padding
    normalisation: Normalisation | None

    def take(self, indices: Array) -> tuple[Array, Array, Array]:
        """Returns normalised inputs, targets and weights at `indices`."""
        # Bytes stay bytes until they are used: a quarter of the memory of floats.
        inputs = self.inputs[indices]
        if self.normalisation is not None:
            inputs = self.normalisation.apply(inputs)
        return inputs, self.targets[indices], self.weights[indices]


def place(task: Task, mesh: Mesh) -> dict[str, DevicePart]:
    """Copies a task's data to every device of a mesh, as `train`, `val` and `test`."""
    # Validation and test examples get one shape, so one program serves both.
    largest = max(task.num_examples[part] for part in PREFIXES)
    multiple = task.evaluate_batch * mesh.shape[DATA]
    padded = math.ceil(largest / multiple) * multiple
    put = functools.partial(jax.device_put, device=NamedSharding(mesh, P()))
    return {
        PREFIXES.get(part, part): put(
            _pad(task, own, padded if part in PREFIXES else len(own.inputs))
        )
        for part, own in task.parts.items()
    }


def _pad(task: Task, own: Examples, num: int) -> DevicePart:
    """Returns a part, filled up to `num` examples that do not count."""
    missing = num - len(own.inputs)
    weights = np.pad(np.ones(len(own.inputs), np.float32), (0, missing))
    # `np.pad` copies, even by nothing.
    inputs, targets = (
        np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))
        if missing
        else array
        for array in own
    )
    return DevicePart(inputs, targets, weights, task.normalisation)


def training_order(key: Array, num: int, batch_size: int, carries: bool) -> Array:
    """Returns which examples each step of an epoch takes, int32 [steps, batch_size].

    What is left of an epoch is dropped.

    Args:
        key: A random order, unless examples continue each other.
        num: Examples of the training part.
        batch_size: Examples of a step.
        carries: Whether each row takes a stretch of examples in their order instead.
    """
    num_steps = num // batch_size
    if carries:
        return jnp.arange(num_steps * batch_size).reshape(batch_size, num_steps).T
    order = jax.random.permutation(key, num)
    return order[: num_steps * batch_size].reshape(num_steps, batch_size)


def evaluation_order(num: int, num_devices: int, batch: int, carries: bool) -> Array:
    """Returns which examples each device reads, int32 [num_devices, steps, batch].

    Args:
        num: Examples of the part, a multiple of what all devices read at once.
        num_devices: Devices that share the part.
        batch: Examples that one of them reads at once.
        carries: Whether each row takes a stretch of examples in their order.
    """
    if carries:
        return jnp.arange(num).reshape(num_devices, batch, -1).swapaxes(1, 2)
    return jnp.arange(num).reshape(num_devices, -1, batch)
