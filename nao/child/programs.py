"""The compiled programs of children: one of each for any architecture and any length.

`child_init`, `child_train_epoch` and `child_evaluate` are compiled once each, whatever
is searched. The architecture, the epoch, the number of epochs and all hyperparameters
but the batch size are traced.

Devices form a mesh of `children` and `data`. Along the first, each trains a child of
its own: since the architecture is data, they all run the same program. Along the
second they share the images of every step.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from nao.child.noise import Noise
from nao.child.recipe import Recipe
from nao.child.staged_net import StagedNet
from nao.data import augment
from nao.types import Array, PyTree

EVALUATE_BATCH = 128  # images at once; what is evaluated is padded to a multiple
CHILDREN, DATA = "children", "data"  # axes of a mesh


class DeviceSplit(NamedTuple):
    """One part of a data set on the devices, and how its images are normalised."""

    images: Array  # uint8 or float32 [num, height, width, channels]
    labels: Array  # int32 [num]
    weights: Array  # float32 [num], 0 for padding
    mean: Array  # float32 [channels]
    deviation: Array  # float32 [channels]

    def take(self, indices: Array) -> tuple[Array, Array, Array]:
        """Returns normalised images, labels and weights at `indices`."""
        # Bytes stay bytes until they are used: a quarter of the memory of floats.
        images = self.images[indices].astype(jnp.float32)
        images = (images - self.mean) / self.deviation
        return images, self.labels[indices], self.weights[indices]


class TrainState(NamedTuple):
    """Everything that training changes; stacked, one child of a mesh after another."""

    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree


class Settings(NamedTuple):
    """What a compiled program is fixed to; hashed, as a static argument of `jit`."""

    net: StagedNet
    mesh: Mesh
    batch_size: int
    micro_batches: int


def make_mesh(devices: Sequence[jax.Device], num_children: int) -> Mesh:
    """Lays devices out as [children, data]."""
    return Mesh(np.array(devices).reshape(num_children, -1), (CHILDREN, DATA))


def _over_children(mesh: Mesh, function: Callable, num_shared: int) -> Callable:
    """Maps a function of one child over the children of a mesh.

    Args:
        mesh: The devices.
        function: Maps (arguments of a child, shared arguments) to outputs of a child.
        num_shared: How many last arguments all children share.
    """

    # A device sees its child's share of the leading axis, of length 1.
    def of_shard(*args):
        own, shared = args[: len(args) - num_shared], args[len(args) - num_shared :]
        own = jax.tree.map(lambda x: x[0], own)
        return jax.tree.map(lambda x: x[None], function(*own, *shared))

    def mapped(*args):
        num_own = len(args) - num_shared
        specs = (P(CHILDREN),) * num_own + (P(),) * num_shared
        # What the devices of one child return is equal, but not in a way JAX can see.
        return jax.shard_map(
            of_shard, mesh=mesh, in_specs=specs, out_specs=P(CHILDREN), check_vma=False
        )(*args)

    return mapped


@functools.partial(jax.jit, static_argnames="settings")
def child_init(keys: Array, *, settings: Settings) -> TrainState:
    """Draws the parameters of children, one per key."""

    def init(key):
        variables = settings.net.init(key, method="declare")
        # The optimiser's state has the same shape for any numbers, so any will do.
        recipe = Recipe(0.0, 0.9, 0.0, 1.0, 0.0, 0.0, 0.0, augment.Augmentation())
        opt_state = recipe.optimizer(0).init(variables["params"])
        return TrainState(variables["params"], variables["batch_stats"], opt_state)

    return _over_children(settings.mesh, init, 0)(keys)


@functools.partial(jax.jit, static_argnames="settings", donate_argnames="states")
def child_train_epoch(
    keys: Array,
    states: TrainState,
    archs: Array,
    epoch: Array,
    num_epochs: Array,
    recipe: Recipe,
    split: DeviceSplit,
    *,
    settings: Settings,
) -> tuple[TrainState, Array]:
    """Takes one pass over the training images, each child in an order of its own.

    Args:
        keys: The children's keys [children], the same at every epoch.
        states: Parameters, running averages and momentum; their memory is reused.
        archs: int32 [children, ...], as the network reads them.
        epoch: Which pass it is, from 0.
        num_epochs: How many there will be; the learning rate and the share of dropped
            paths depend on it.
        recipe: Hyperparameters.
        split: Training images.
        settings: Network, devices and batch size.

    Returns:
        The new states and the mean loss of the epoch's steps, [children].
    """
    train = functools.partial(_train_epoch, settings=settings)
    shared = (epoch, num_epochs, recipe, split)
    return _over_children(settings.mesh, train, len(shared))(
        keys, states, archs, *shared
    )


def _train_epoch(
    key, state, arch, epoch, num_epochs, recipe, split, *, settings: Settings
):
    """Takes one child's pass over the images; arguments as in `child_train_epoch`."""
    num_images, batch_size = split.labels.shape[0], settings.batch_size
    num_steps = num_images // batch_size
    # Folded in, not split in turn: epoch 7 draws the same numbers after a restart.
    order_key, step_key = jax.random.split(jax.random.fold_in(key, epoch))
    order = jax.random.permutation(order_key, num_images)
    order = order[: num_steps * batch_size].reshape(num_steps, batch_size)

    def step(state, batch):
        number, indices = batch
        progress = (epoch * num_steps + number) / (num_epochs * num_steps)
        batch_key = jax.random.fold_in(step_key, number)
        micro = _draw_batch(batch_key, indices, progress, recipe, split, settings)
        loss_fn = _make_loss_fn(arch, recipe, settings.net)
        grads, loss, stats = _gradients(loss_fn, state, micro, settings)
        updates, opt_state = recipe.optimizer(progress).update(
            grads, state.opt_state, state.params
        )
        params = optax.apply_updates(state.params, updates)
        return TrainState(params, stats, opt_state), loss

    state, losses = lax.scan(step, state, (jnp.arange(num_steps), order))
    return state, losses.mean()


def _draw_batch(
    key, indices, progress, recipe, split, settings: Settings
) -> tuple[Array, Array, Noise]:
    """Returns the augmented images of one step, their labels, and what is dropped.

    Each array is [micro-batches, images of one on this device, ...], but for the paths
    of the noise, which have the images as their last axis.
    """
    image_key, noise_key = jax.random.split(key)
    # Drawn for the whole batch, so that it is the same on any number of devices.
    images, labels, _ = split.take(indices)
    images = augment.augment(image_key, images, recipe.augmentation)
    noise = settings.net.make_noise(
        noise_key, settings.batch_size, progress, recipe.drop_path, recipe.dropout
    )
    cut = functools.partial(_cut_batch, settings=settings)
    noise = Noise(cut(noise.paths, axis=2), cut(noise.features))
    return cut(images), cut(labels), noise


def _cut_batch(x: Array, axis: int = 0, *, settings: Settings) -> Array:
    """Cuts the batch along `axis` into micro-batches, of which this device has a share.

    Returns:
        The micro-batches along a new first axis, `axis` having moved up by one.
    """
    num_data = settings.mesh.shape[DATA]
    x = jnp.moveaxis(x, axis, 0)
    x = x.reshape(settings.micro_batches, num_data, -1, *x.shape[1:])
    x = x[:, lax.axis_index(DATA)] if num_data > 1 else x[:, 0]
    return jnp.moveaxis(x, 1, axis + 1)


def _make_loss_fn(arch: Array, recipe: Recipe, net: StagedNet) -> Callable:
    """Returns the loss of a micro-batch as a function for `jax.grad`.

    It maps (parameters, running averages, images, labels, noise) to (what is minimised,
    (the loss that is reported, new running averages)). The reported loss leaves out the
    auxiliary head's.
    """

    def loss_fn(params, batch_stats, images, labels, noise):
        variables = {"params": params, "batch_stats": batch_stats}
        (scores, auxiliary), updates = net.apply(
            variables, images, arch, train=True, noise=noise, mutable="batch_stats"
        )
        loss = _cross_entropy(scores, labels)
        total = loss
        if auxiliary is not None:
            total += recipe.auxiliary * _cross_entropy(auxiliary, labels)
        return total, (loss, updates["batch_stats"])

    return loss_fn


def _gradients(
    loss_fn: Callable,
    state: TrainState,
    micro: tuple[Array, Array, Noise],
    settings: Settings,
) -> tuple[PyTree, Array, PyTree]:
    """Returns the mean gradients of a batch, its mean loss and new running averages.

    Args:
        loss_fn: As `_make_loss_fn` returns it.
        state: Parameters and running averages before the step.
        micro: The batch, as `_draw_batch` cuts it.
        settings: Micro-batches and devices to take the mean over.
    """
    grad_fn = jax.grad(loss_fn, has_aux=True)

    # Each micro-batch updates the running averages that the one before it left.
    def accumulate(carry, micro):
        batch_stats, total, total_loss = carry
        grads, (loss, batch_stats) = grad_fn(state.params, batch_stats, *micro)
        total = jax.tree.map(jnp.add, total, grads)
        return (batch_stats, total, total_loss + loss), None

    num = settings.micro_batches
    if num == 1:  # without a loop and without a second tree of gradients
        micro = jax.tree.map(lambda x: x[0], micro)
        grads, (loss, stats) = grad_fn(state.params, state.batch_stats, *micro)
    else:
        zeros = jax.tree.map(jnp.zeros_like, state.params)
        start = (state.batch_stats, zeros, 0.0)
        (stats, grads, loss), _ = lax.scan(accumulate, start, micro)
        grads, loss = jax.tree.map(lambda x: x / num, (grads, loss))
    # Running averages need no mean: norms have taken that of all devices already.
    if settings.mesh.shape[DATA] > 1:
        grads, loss = lax.pmean((grads, loss), DATA)
    return grads, loss, stats


def _cross_entropy(scores: Array, labels: Array) -> Array:
    return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()


@functools.partial(jax.jit, static_argnames="settings")
def child_evaluate(
    states: TrainState, archs: Array, split: DeviceSplit, *, settings: Settings
) -> tuple[Array, Array]:
    """Returns accuracy (a fraction) and mean loss [children], by running averages."""
    num_data = settings.mesh.shape[DATA]

    def evaluate(state, arch, split):
        variables = {"params": state.params, "batch_stats": state.batch_stats}

        def step(totals, indices):
            images, labels, weights = split.take(indices)
            scores, _ = settings.net.apply(variables, images, arch, train=False)
            losses = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
            right = scores.argmax(-1) == labels
            return totals + jnp.stack([weights @ right, weights @ losses]), None

        num_images = split.labels.shape[0]
        batches = jnp.arange(num_images).reshape(num_data, -1, EVALUATE_BATCH)
        batches = batches[lax.axis_index(DATA)] if num_data > 1 else batches[0]
        totals, _ = lax.scan(step, jnp.zeros(2), batches)
        if num_data > 1:
            totals = lax.psum(totals, DATA)
        accuracy, loss = totals / split.weights.sum()
        return accuracy, loss

    return _over_children(settings.mesh, evaluate, 1)(states, archs, split)
