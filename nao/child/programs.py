"""The compiled programs of children: one of each for any architecture and any length.

`child_init`, `child_train_epoch` and `measuring.child_evaluate` are compiled once each,
whatever is searched. Architecture, epoch, number of epochs and all hyperparameters
but the batch size are traced.

Devices form a mesh of `children` and `data`. Along the first, each trains a child of
its own: since the architecture is data, they all run the same program. Along the
second they share the examples of every step. A device may train several children in one
program, for where operations are so small that it waits for them to start.
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

from nao.child import averaging, reading
from nao.child.averaging import Average
from nao.child.batches import CHILDREN, DATA, DevicePart
from nao.child.network import ChildNet, Variables
from nao.child.reading import Read
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.task import Task, check_measures
from nao.types import Array, PyTree


class TrainState(NamedTuple):
    """Everything that training changes; stacked, one child of a mesh after another."""

    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree
    average: Average | None = None  # None where the recipe never averages

    @property
    def variables(self) -> Variables:
        """What is evaluated and kept: the means of weights, where they are averaged."""
        kept = self if self.average is None else self.average
        return {"params": kept.params, "batch_stats": kept.batch_stats}


class Settings(NamedTuple):
    """What a compiled program is fixed to; hashed, as a static argument of `jit`."""

    net: ChildNet
    task: Task  # its rules, without the data
    mesh: Mesh
    batch_size: int
    micro_batches: int
    average_after: int = 0
    is_shared: bool = False  # one set of weights, an architecture for every step


def make_mesh(devices: Sequence[jax.Device], num_apart: int) -> Mesh:
    """Lays devices out as [children, data]: so many train children of their own."""
    return Mesh(np.array(devices).reshape(num_apart, -1), (CHILDREN, DATA))


def over_children(mesh: Mesh, function: Callable, num_shared: int) -> Callable:
    """Maps a function of one child over the children of a mesh's devices.

    Args:
        mesh: The devices.
        function: Maps (arguments of a child, shared arguments) to outputs of a child.
        num_shared: How many last arguments all children share.
    """

    # A device sees the share of the leading axis that its children have.
    def of_shard(*args):
        own, shared = args[: len(args) - num_shared], args[len(args) - num_shared :]

        def of_child(*own):
            return function(*own, *shared)

        if len(jax.tree.leaves(own)[0]) > 1:
            return jax.vmap(of_child)(*own)
        # Mapped over one child, `lax.switch` would compute all operations and pick one.
        own = jax.tree.map(lambda x: x[0], own)
        return jax.tree.map(lambda x: x[None], of_child(*own))

    def mapped(*args):
        num_own = len(args) - num_shared
        specs = (P(CHILDREN),) * num_own + (P(),) * num_shared
        # What the devices of one child return is equal, but not in a way JAX can see.
        return jax.shard_map(
            of_shard, mesh=mesh, in_specs=specs, out_specs=P(CHILDREN), check_vma=False
        )(*args)

    return mapped


def split(keys: Array) -> Array:
    """Returns the keys of the first parameters and of the training, [2, children]."""
    return jax.vmap(jax.random.split, out_axes=1)(keys)


@functools.partial(jax.jit, static_argnames="settings")
def child_init(keys: Array, *, settings: Settings) -> TrainState:
    """Draws the parameters of children, one per key."""

    def init(key):
        variables = settings.net.draw(key)
        # The optimiser's state has the same shape for any numbers, so any will do.
        recipe = Recipe.of(TrainingConfig())
        opt_state = recipe.optimizer(0).init(variables["params"])
        params, stats = variables["params"], variables["batch_stats"]
        average = averaging.begin(params, stats, settings.average_after)
        return TrainState(params, stats, opt_state, average)

    return over_children(settings.mesh, init, 0)(keys)


@functools.partial(jax.jit, static_argnames="settings", donate_argnames="states")
def child_train_epoch(
    keys: Array,
    states: TrainState,
    archs: Array,
    epoch: Array,
    num_epochs: Array,
    recipe: Recipe,
    part: DevicePart,
    *,
    settings: Settings,
) -> tuple[TrainState, Array]:
    """Takes one pass over the training examples, each child in an order of its own.

    Args:
        keys: The children's keys [children], the same at every epoch.
        states: Parameters, running averages, momentum and, where weights are averaged,
            their means; their memory is reused.
        archs: int32 [children, ...], as the network reads them; [children, steps, ...]
            where architectures share the weights.
        epoch: Which pass it is, from 0.
        num_epochs: How many there will be; the learning rate and the share of dropped
            paths depend on it.
        recipe: Hyperparameters.
        part: Training examples.
        settings: Network, task, devices and batch size.

    Returns:
        The new states and the mean loss of the epoch, [children].
    """
    train = functools.partial(_train_epoch, settings=settings)
    shared = (epoch, num_epochs, recipe, part)
    return over_children(settings.mesh, train, len(shared))(
        keys, states, archs, *shared
    )


def _train_epoch(
    key, state, arch, epoch, num_epochs, recipe, part, *, settings: Settings
):
    """Takes one child's pass over the part; arguments as in `child_train_epoch`."""
    task, size = settings.task, settings.batch_size
    # Folded in, not split in turn: epoch 7 draws the same numbers after a restart.
    read_key, step_key = jax.random.split(jax.random.fold_in(key, epoch))

    def step(state_and_carry, read):
        batch_key = jax.random.fold_in(step_key, read.number)
        # Where architectures share the weights, `arch` has one for every step.
        own = arch[read.number] if settings.is_shared else arch
        return _take_step(batch_key, state_and_carry, own, read, recipe, settings)

    start = state, _initial_carry(settings)
    passed = read_key, step, start, reading.Epoch(epoch, num_epochs), part, size
    if task.window_spread:
        (state, _), loss = reading.along_rows(*passed, task.window_spread)
    else:
        (state, _), loss = reading.batch_by_batch(*passed, task.carries)
    return state, loss


def _take_step(
    key, state_and_carry, arch, read: Read, recipe, settings: Settings
) -> tuple[tuple[TrainState, PyTree | None], Array]:
    """Returns the state and what is carried on after one step, and its loss."""
    state, carry = state_and_carry
    recipe = read.scaled(recipe)
    micro = _draw_batch(key, read, recipe, settings)
    loss_fn = _make_loss_fn(arch, read, recipe, settings)
    grads, loss, stats, carry = _gradients(loss_fn, state, carry, micro, settings)
    optimizer = recipe.optimizer(read.progress)
    state = _descend(optimizer, state, grads, stats, settings.is_shared)
    return (state, carry), loss


def _descend(
    optimizer: optax.GradientTransformation, state: TrainState, grads, stats, is_shared
) -> TrainState:
    """Takes a step down the gradients; `stats` are the new running averages."""
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    if is_shared:
        # What the architecture does not use has no gradient. Decay and momentum must
        # not move it either, as PyTorch leaves alone what was not called. They spare a
        # used weight, too, in a step whose gradient for it is exactly 0.
        params = _where_used(grads, params, state.params)
        traces = (optax.tree.get(x, "trace") for x in (opt_state, state.opt_state))
        opt_state = optax.tree.set(opt_state, trace=_where_used(grads, *traces))
    average = averaging.add(state.average, params, stats)
    return TrainState(params, stats, opt_state, average)


def _where_used(grads: PyTree, new: PyTree, old: PyTree) -> PyTree:
    """Returns new values where there is a gradient, else the old ones."""
    return jax.tree.map(lambda g, x, y: jnp.where(g != 0, x, y), grads, new, old)


def _initial_carry(settings: Settings) -> PyTree | None:
    """Returns what the first step of an epoch begins with, [micro-batches, ...].

    None where steps do not follow from each other.
    """
    if not settings.task.carries:
        return None
    num = settings.micro_batches
    rows = settings.batch_size // num // settings.mesh.shape[DATA]
    carry = settings.net.initial_carry(rows)
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (num, *x.shape)), carry)


def _draw_batch(
    key, read: Read, recipe, settings: Settings
) -> tuple[Array, Array, PyTree]:
    """Returns the inputs of one step, their targets, and what is dropped.

    Each array is [micro-batches, examples of one on this device, ...], but for those of
    the noise that have the examples along another axis.
    """
    example_key, noise_key = jax.random.split(key)
    # Drawn for the whole batch, so that it is the same on any number of devices.
    inputs, targets = settings.task.augment(
        example_key, read.inputs, read.targets, recipe.augmentation
    )
    net = settings.net
    noise = net.make_noise(noise_key, settings.batch_size, read.progress, recipe)
    cut = functools.partial(_cut_batch, settings=settings)
    noise = jax.tree.map(lambda x, axis: cut(x, axis), noise, net.noise_axes)
    return cut(inputs), cut(targets), noise


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


def _make_loss_fn(
    arch: Array, read: Read, recipe: Recipe, settings: Settings
) -> Callable:
    """Returns the loss of a micro-batch as a function for `jax.grad`.

    It maps (parameters, running averages, carry, inputs, targets, noise) to (what is
    minimised, (the loss that is reported, new running averages, new carry)). The
    reported loss leaves out the auxiliary head's, and what a network adds to it.
    """
    net, task = settings.net, settings.task
    counted = {} if read.length is None else {"length": read.length}

    def mean_loss(outputs, targets):
        losses = task.loss(outputs, targets)
        check_measures({"loss": losses}, len(targets))
        return read.mean(losses)

    def loss_fn(params, batch_stats, carry, inputs, targets, noise):
        variables = {"params": params, "batch_stats": batch_stats}
        output, stats = net.forward(
            variables, inputs, arch, train=True, noise=noise, carry=carry, **counted
        )
        loss = mean_loss(output.outputs, targets)
        total = loss
        if output.auxiliary is not None:
            total += recipe.auxiliary * mean_loss(output.auxiliary, targets)
        for name, penalty in (output.penalties or {}).items():
            total += getattr(recipe, name) * penalty
        carry = output.carry if task.carries else None
        return total, (loss, stats, carry)

    return loss_fn


def _gradients(
    loss_fn: Callable,
    state: TrainState,
    carry: PyTree | None,
    micro: tuple[Array, Array, PyTree],
    settings: Settings,
) -> tuple[PyTree, Array, PyTree, PyTree | None]:
    """Returns mean gradients and loss of a batch, new running averages and carry.

    Args:
        loss_fn: As `_make_loss_fn` returns it.
        state: Parameters and running averages before the step.
        carry: What the step before left, micro-batch by micro-batch.
        micro: The batch, as `_draw_batch` cuts it.
        settings: Micro-batches and devices to take the mean over.
    """
    grad_fn = jax.grad(loss_fn, has_aux=True)

    # Each micro-batch updates the running averages that the one before it left.
    def accumulate(totals, micro):
        (batch_stats, total, total_loss), (carry, micro) = totals, micro
        grads, (loss, batch_stats, carry) = grad_fn(
            state.params, batch_stats, carry, *micro
        )
        total = jax.tree.map(jnp.add, total, grads)
        return (batch_stats, total, total_loss + loss), carry

    num = settings.micro_batches
    if num == 1:  # without a loop and without a second tree of gradients
        carry, micro = jax.tree.map(lambda x: x[0], (carry, micro))
        grads, (loss, stats, carry) = grad_fn(
            state.params, state.batch_stats, carry, *micro
        )
        carry = jax.tree.map(lambda x: x[None], carry)
    else:
        zeros = jax.tree.map(jnp.zeros_like, state.params)
        start = (state.batch_stats, zeros, 0.0)
        (stats, grads, loss), carry = lax.scan(accumulate, start, (carry, micro))
        grads, loss = jax.tree.map(lambda x: x / num, (grads, loss))
    # Running averages need no mean: norms have taken that of all devices already.
    if settings.mesh.shape[DATA] > 1:
        grads, loss = lax.pmean((grads, loss), DATA)
    return grads, loss, stats, carry
