"""Scores of architectures under shared weights: one program for all of them.

What a batch norm divides by decides how well scores rank architectures, since running
averages mix those of all that were drawn. So the moments may be taken of the validation
batch itself, or of training batches for each architecture alone (Guo et al., 2020,
arXiv:1904.00420, section 3.4; Bender et al., 2018).
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh

from nao.child import batches, programs
from nao.child.batches import DevicePart
from nao.child.network import ChildNet, Output, Variables
from nao.child.task import Task, check_measures
from nao.types import Array, PyTree

NORMS = ("batch", "refit", "running")
_REFITTED = 8  # training batches that an architecture's moments are the mean of


class Rules(NamedTuple):
    """What the program is fixed to.

    Attributes:
        net: The network for any architecture, of one device.
        task: Its rules, without the data.
        mesh: Devices, each with architectures of its own.
        norms: One of `NORMS`.
    """

    net: ChildNet
    task: Task
    mesh: Mesh
    norms: str


class Order(NamedTuple):
    """Which validation examples are read, in which batches, and which count."""

    indices: np.ndarray  # int32 [batches, batch]
    counts: np.ndarray  # float32 [batches, batch]


def order(task: Task, num: int) -> Order:
    """Returns the batches of the first `num` validation examples; 0 for all.

    The last batch is filled up with the first examples, which do not count again: of
    empty ones a norm would take the moments, too.
    """
    most, batch = task.num_examples["validation"], task.evaluate_batch
    num = min(num or most, most)
    if task.carries:  # in rows that go on, as evaluation reads them
        padded = -(-num // batch) * batch
        indices = np.asarray(batches.evaluation_order(padded, 1, batch, True)[0])
        return Order(indices, np.float32(indices < num))
    batch = min(batch, num)
    rows = np.arange(-(-num // batch) * batch, dtype=np.int32).reshape(-1, batch)
    return Order(rows % num, np.float32(rows < num))


@functools.partial(jax.jit, static_argnames="rules")
def score(
    variables: Variables,
    archs: Array,
    nums: Array,
    learned: DevicePart,
    scored: DevicePart,
    order: Order,
    *,
    rules: Rules,
) -> dict[str, Array]:
    """Returns the mean of each measure of the task, [devices, most].

    Args:
        variables: Of the network for any architecture.
        archs: int32 [devices, most, ...].
        nums: int32 [devices], how many of them are measured; the others cost nothing.
        learned: Training examples, of which moments are taken.
        scored: Validation examples.
        order: Which of them.
        rules: Network, task, devices and norms.
    """

    def of_device(archs, num, *shared):
        one = functools.partial(_score, rules, *shared)

        def add(i, found):
            now = one(archs[i])
            return {name: values.at[i].set(now[name]) for name, values in found.items()}

        shapes = jax.eval_shape(one, archs[0])
        nothing = {name: jnp.zeros(len(archs), x.dtype) for name, x in shapes.items()}
        return lax.fori_loop(0, num, add, nothing)

    shared = (variables, learned, scored, order)
    over = programs.over_children(rules.mesh, of_device, len(shared))
    return over(archs, nums, *shared)


def _score(rules, variables, learned, scored, order, arch) -> dict[str, Array]:
    """Measures one architecture; arguments as in `score`."""
    net, task = rules.net, rules.task
    if rules.norms == "refit":
        variables = _refitted(rules, variables, learned, arch)

    def forward(inputs, carry):
        # Noise is drawn for training alone: nothing is dropped here.
        train = rules.norms == "batch"
        return net.forward(variables, inputs, arch, train=train, carry=carry)[0]

    carry = net.initial_carry(order.indices.shape[1]) if task.carries else None
    return means(task, scored, order, forward, carry)


def means(
    task: Task,
    part: DevicePart,
    order: Order,
    forward_fn: Callable[[Array, PyTree | None], Output],
    carry: PyTree | None = None,
) -> dict[str, Array]:
    """Returns the mean of each measure of the task over the examples that count.

    Args:
        task: What is measured.
        part: Examples.
        order: Which of them, in which batches.
        forward_fn: Maps inputs, and what the batch before left, to what is said.
        carry: What the first batch begins with; None where it is nothing.
    """

    def step(carry, batch):
        indices, counts = batch
        inputs, targets, weights = part.take(indices)
        output = forward_fn(inputs, carry)
        measures = task.measures(output.outputs, targets)
        check_measures(measures, len(weights))
        counted = weights * counts
        sums = {name: counted @ values for name, values in measures.items()}
        return output.carry if task.carries else None, (sums, counted.sum())

    _, (sums, num) = lax.scan(step, carry, tuple(order))
    return {name: values.sum() / num.sum() for name, values in sums.items()}


def _refitted(rules: Rules, variables, learned: DevicePart, arch) -> Variables:
    """Returns variables whose running averages are one architecture's own."""
    before = variables["batch_stats"]
    if not jax.tree.leaves(before):  # nothing is normalised
        return variables
    size = rules.task.evaluate_batch

    def after(number, stats):
        indices = (number * size + jnp.arange(size)) % learned.weights.shape[0]
        inputs, _, _ = learned.take(indices)
        now = variables | {"batch_stats": stats}
        return rules.net.forward(now, inputs, arch, train=True)[1]

    # Averages begin with 0, so what a batch adds comes alone; the factor by which they
    # forget is what becomes of a difference of 1.
    zeros, ones = (
        jax.tree.map(lambda x, value=value: jnp.full_like(x, value), before)
        for value in (0.0, 1.0)
    )
    low, high = after(0, zeros), after(0, ones)
    kept = jax.tree.map(jnp.subtract, high, low)
    sums = lax.fori_loop(1, _REFITTED, after, low)
    return variables | {"batch_stats": jax.tree.map(_mean, sums, kept, before)}


def _mean(sums: Array, kept: Array, before: Array) -> Array:
    """Returns the mean of the moments that averages begun with 0 have added up.

    Args:
        sums: The averages after all batches.
        kept: The factor by which they forget; 1 where the architecture does not use a
            norm, which then stays as it was.
        before: Running averages of all architectures.
    """
    left = kept**_REFITTED
    is_used = left < 1
    return jnp.where(is_used, sums / jnp.where(is_used, 1 - left, 1), before)
