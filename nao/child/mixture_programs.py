"""The compiled programs of a mixture: gradients, steps of both optimisers, measures.

Weights are one vector, so that a state is a handful of arrays and a step a handful of
operations. Norms take the moments of the batch, in training as in evaluation: running
averages are of the mixture, and wrong for one architecture of it.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.flatten_util import ravel_pytree

from nao.child import scoring
from nao.child.batches import DevicePart
from nao.child.mixed_conv_net import MixedConvNet
from nao.child.mixed_topology_net import MixedTopologyNet
from nao.child.network import Output
from nao.child.recipe import Recipe
from nao.child.scoring import Order
from nao.child.task import Task
from nao.types import Array, PyTree

# As in the released code of DARTS.
_LOGITS_DEVIATION, _ADAM_BETAS = 1e-3, (0.5, 0.999)


class Settings(NamedTuple):
    """What a compiled program is fixed to; hashed, as a static argument of `jit`."""

    net: MixedConvNet | MixedTopologyNet
    task: Task  # its rules, without the data
    is_drawn: bool = False  # one operation of each edge, as in GDAS


class Batch(NamedTuple):
    """Examples of one step, and what is random about them."""

    part: DevicePart
    indices: Array  # int32 [batch]
    key: Array  # changes of the images, and operations drawn
    temperature: Array  # of what is drawn
    augmentation: PyTree  # see `Task.amounts`


@functools.partial(jax.jit, static_argnames="settings")
def mixture_init(key: Array, *, settings: Settings) -> dict[str, Array]:
    """Returns weights, logits and the state of both optimisers before training."""
    weights_key, logits_key = jax.random.split(key)
    weights, _ = ravel_pytree(settings.net.draw(weights_key)["params"])
    shape = settings.net.weights_shape
    logits = _LOGITS_DEVIATION * jax.random.normal(logits_key, shape)
    return {
        "weights": weights,
        "momentum": jnp.zeros_like(weights),
        "logits": logits,
        "mean": jnp.zeros_like(logits),  # of Adam
        "square": jnp.zeros_like(logits),
        "steps": jnp.int32(0),
    }


@functools.partial(jax.jit, static_argnames="settings")
def mixture_gradients(
    weights: Array, logits: Array, batch: Batch, *, settings: Settings
) -> tuple[Array, Array, Array]:
    """Returns the loss of a batch and its gradients in weights and logits.

    One program for training and validation, first and second order: two that are
    smaller take longer to compile than they save.
    """
    (loss, gradients) = jax.value_and_grad(_loss, (0, 1))(
        weights, logits, batch, settings
    )
    return loss, *gradients


def _loss(weights, logits, batch: Batch, settings: Settings) -> Array:
    example_key, draw_key = jax.random.split(batch.key)
    inputs, targets, _ = batch.part.take(batch.indices)
    task = settings.task
    inputs, targets = task.augment(example_key, inputs, targets, batch.augmentation)
    mixed = jax.nn.softmax(logits)
    if settings.is_drawn:
        mixed = drawn(draw_key, logits, batch.temperature)
    output = _forward(settings.net, weights, mixed, inputs)
    return task.loss(output.outputs, targets).mean()


def drawn(key: Array, logits: Array, temperature: Array) -> Array:
    """Returns 1 for one operation of each edge, drawn by its weight, and 0 for others.

    The gradient is that of the softmax it was drawn by (straight through; Dong & Yang,
    2019, arXiv:1910.04465, equation 3).
    """
    noise = jax.random.gumbel(key, logits.shape)
    soft = jax.nn.softmax((jax.nn.log_softmax(logits) + noise) / temperature)
    hard = jax.nn.one_hot(soft.argmax(-1), soft.shape[-1])
    # In this order, so that the others are exactly 0.
    return hard + (soft - lax.stop_gradient(soft))


def _forward(net, weights: Array, mixed: Array, inputs: Array) -> Output:
    """Returns what the network says of inputs, by the moments of this batch."""
    # Drawn for their shapes alone: XLA leaves out the numbers.
    variables = net.draw(jax.random.key(0))
    _, unravel = ravel_pytree(variables["params"])
    variables = variables | {"params": unravel(weights)}
    return net.forward(variables, inputs, mixed, train=True)[0]


@jax.jit
def weights_step(
    weights: Array, momentum: Array, gradient: Array, progress: Array, recipe: Recipe
) -> tuple[Array, Array]:
    """Returns weights and momentum after a step of the recipe of children."""
    optimizer = recipe.optimizer(progress)
    state = optax.tree_utils.tree_set(optimizer.init(weights), trace=momentum)
    updates, state = optimizer.update(gradient, state, weights)
    return weights + updates, optax.tree_utils.tree_get(state, "trace")


@jax.jit
def drift(weights: Array, momentum: Array, recipe: Recipe) -> Array:
    """Returns what a step adds to the gradient, see `second_order`."""
    return recipe.momentum * momentum + recipe.weight_decay * weights


@jax.jit
def logits_step(
    state: dict[str, Array], gradient: Array, rate: Array, weight_decay: Array
) -> dict[str, Array]:
    """Returns logits and the state of their Adam, by name, after a step."""
    optimizer = optax.chain(
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_adam(*_ADAM_BETAS),
        optax.scale(-rate),
    )
    logits = state["logits"]
    before = optax.tree_utils.tree_set(
        optimizer.init(logits),
        count=state["steps"],
        mu=state["mean"],
        nu=state["square"],
    )
    updates, after = optimizer.update(gradient, before, logits)
    count, mean, square = (
        optax.tree_utils.tree_get(after, name) for name in ("count", "mu", "nu")
    )
    return {
        "logits": logits + updates,
        "mean": mean,
        "square": square,
        "steps": count,
    }


@functools.partial(jax.jit, static_argnames="settings")
def mixture_evaluate(
    weights: Array, mixed: Array, part: DevicePart, order: Order, *, settings: Settings
) -> dict[str, Array]:
    """Returns the mean of each measure of the task over a part.

    Args:
        weights: float32 [num_weights].
        mixed: Weights of operations, float32 [kinds of cells, edges, operations].
        part: Examples.
        order: Which of them, in which batches.
        settings: Network and task.
    """

    def forward(inputs, carry):
        del carry  # images are read one by one
        return _forward(settings.net, weights, mixed, inputs)

    return scoring.means(settings.task, part, order, forward)
