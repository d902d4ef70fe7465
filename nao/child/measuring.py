"""The compiled program that measures children on a part: one for any architecture."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from nao.child import batches
from nao.child.batches import DATA, DevicePart
from nao.child.programs import Settings, TrainState, over_children
from nao.child.task import check_measures
from nao.types import Array


@functools.partial(jax.jit, static_argnames="settings")
def child_evaluate(
    states: TrainState, archs: Array, part: DevicePart, *, settings: Settings
) -> dict[str, Array]:
    """Returns the mean of each measure of the task [children], by running averages."""
    evaluate = functools.partial(_evaluate, settings=settings)
    return over_children(settings.mesh, evaluate, 1)(states, archs, part)


def _evaluate(state, arch, part, *, settings: Settings) -> dict[str, Array]:
    """Measures one child on a part; arguments as in `child_evaluate`."""
    net, task, num_data = settings.net, settings.task, settings.mesh.shape[DATA]
    variables = state.variables

    def step(carry, indices):
        inputs, targets, weights = part.take(indices)
        output, _ = net.forward(variables, inputs, arch, train=False, carry=carry)
        measures = task.measures(output.outputs, targets)
        check_measures(measures, len(weights))
        sums = {name: weights @ values for name, values in measures.items()}
        return output.carry if task.carries else None, sums

    num, batch = part.weights.shape[0], task.evaluate_batch
    order = batches.evaluation_order(num, num_data, batch, task.carries)
    order = order[lax.axis_index(DATA)] if num_data > 1 else order[0]
    carry = net.initial_carry(batch) if task.carries else None
    _, sums = lax.scan(step, carry, order)
    # Stacked, as XLA divides an array by other means than single numbers.
    totals = jnp.stack([_add_up(numbers) for numbers in sums.values()])
    if num_data > 1:
        totals = lax.psum(totals, DATA)
    means = totals / part.weights.sum()
    return dict(zip(sums, means, strict=True))


def _add_up(numbers: Array) -> Array:
    """Adds float32 [num] one after the other: in another order, bits would differ."""
    return lax.scan(lambda total, x: (total + x, None), 0.0, numbers)[0]
