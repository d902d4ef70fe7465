"""Trains a child network: one compiled epoch for any architecture and any length.

Three programs are compiled, once each, whatever is searched: `child_init`,
`child_train_epoch` and `child_evaluate`. The architecture, the epoch, the number of
epochs and all hyperparameters but the batch size are traced. The data stay on the
device; a host loop over epochs watches the time and the loss.
"""

import functools
import math
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from nao.child.conv_net import ConvNet
from nao.child.operations import get_operations
from nao.child.recipe import ChildConfig, Recipe
from nao.data import augment
from nao.data.dataset import ImageDataset
from nao.types import Array, PyTree

_EVALUATE_BATCH = 128


class ChildFailure(Exception):
    """A child that could not be trained, for a reason of its own; one line."""


class Part(NamedTuple):
    """Images of one part of a data set, on the device."""

    images: Array  # uint8 or float32 [num, height, width, channels]
    labels: Array  # int32 [num]
    weights: Array  # float32 [num], 0 for padding
    mean: Array  # float32 [channels]
    deviation: Array  # float32 [channels]

    def take(self, indices: Array) -> tuple[Array, Array, Array]:
        """Returns normalised images, labels and weights at `indices`."""
        images = self.images[indices].astype(jnp.float32)
        images = (images - self.mean) / self.deviation
        return images, self.labels[indices], self.weights[indices]


class TrainState(NamedTuple):
    """Everything that training changes."""

    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree


@functools.partial(jax.jit, static_argnames="net")
def child_init(key: Array, net: ConvNet) -> TrainState:
    """Draws the parameters of a child."""
    variables = net.init(key, method="declare")
    opt_state = Recipe(0.0, 0.9, 0.0, 1.0).optimizer(0).init(variables["params"])
    return TrainState(variables["params"], variables["batch_stats"], opt_state)


@functools.partial(
    jax.jit, static_argnames=("net", "batch_size"), donate_argnames="state"
)
def child_train_epoch(
    key: Array,
    state: TrainState,
    arch: Array,
    epoch: Array,
    num_epochs: Array,
    recipe: Recipe,
    part: Part,
    max_shift: Array,
    *,
    net: ConvNet,
    batch_size: int,
) -> tuple[TrainState, Array]:
    """Takes one pass over the training images in an order of its own.

    Args:
        key: The child's key, the same at every epoch.
        state: Parameters, running averages and momentum; its memory is reused.
        arch: int32 [2, num_nodes, 2, 2], see `ConvNet`.
        epoch: Which pass it is, from 0.
        num_epochs: How many there will be; only the learning rate depends on it.
        recipe: Hyperparameters.
        part: Training images.
        max_shift: Pixels, at most, that an image is shifted by, int32 scalar.
        net: The network.
        batch_size: Images of a step.

    Returns:
        The new state and the mean loss of the epoch's steps.
    """
    num_images = part.labels.shape[0]
    num_steps = num_images // batch_size
    order_key, shift_key = jax.random.split(jax.random.fold_in(key, epoch))
    order = jax.random.permutation(order_key, num_images)
    order = order[: num_steps * batch_size].reshape(num_steps, batch_size)

    def step(state, batch):
        number, indices = batch
        images, labels, _ = part.take(indices)
        images = augment.shift(jax.random.fold_in(shift_key, number), images, max_shift)

        def loss_fn(params):
            variables = {"params": params, "batch_stats": state.batch_stats}
            scores, updates = net.apply(
                variables, images, arch, train=True, mutable="batch_stats"
            )
            loss = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
            return loss.mean(), updates["batch_stats"]

        grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
        (loss, batch_stats), grads = grad_fn(state.params)
        progress = (epoch * num_steps + number) / (num_epochs * num_steps)
        updates, opt_state = recipe.optimizer(progress).update(
            grads, state.opt_state, state.params
        )
        params = optax.apply_updates(state.params, updates)
        return TrainState(params, batch_stats, opt_state), loss

    state, losses = lax.scan(step, state, (jnp.arange(num_steps), order))
    return state, losses.mean()


@functools.partial(jax.jit, static_argnames="net")
def child_evaluate(
    state: TrainState, arch: Array, part: Part, *, net: ConvNet
) -> tuple[Array, Array]:
    """Returns accuracy (a fraction) and mean loss, by the running averages."""
    variables = {"params": state.params, "batch_stats": state.batch_stats}

    def step(totals, indices):
        images, labels, weights = part.take(indices)
        scores = net.apply(variables, images, arch, train=False)
        losses = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
        right = scores.argmax(-1) == labels
        return totals + jnp.stack([weights @ right, weights @ losses]), None

    batches = jnp.arange(part.labels.shape[0]).reshape(-1, _EVALUATE_BATCH)
    totals, _ = lax.scan(step, jnp.zeros(2), batches)
    accuracy, loss = totals / part.weights.sum()
    return accuracy, loss


class ChildTrainer:
    """Trains and evaluates children on one data set.

    Attributes:
        net: The network that architectures are laid into.
        config: How they are trained.
    """

    def __init__(
        self,
        operations: tuple[str, ...],
        num_nodes: int,
        dataset: ImageDataset,
        config: ChildConfig,
    ):
        """Puts the data on the device; compiles nothing yet.

        Args:
            operations: Names of the operations that architectures choose from.
            num_nodes: Nodes of a cell.
            dataset: What children learn.
            config: How children are built and trained.
        """
        get_operations(operations)
        num_train = len(dataset.train_labels)
        if config.batch_size > num_train:
            raise ValueError(
                f"batch_size must be at most the {num_train} training images of "
                f"{dataset.name}, got {config.batch_size}."
            )
        self.config = config
        self.net = ConvNet(
            tuple(operations),
            num_nodes,
            config.channels,
            config.cells_per_stage,
            dataset.num_classes,
            dataset.image_shape[-1],
        )
        # Validation and test images get one shape, so one program serves both.
        largest = max(len(dataset.validation_labels), len(dataset.test_labels))
        padded = math.ceil(largest / _EVALUATE_BATCH) * _EVALUATE_BATCH
        self._parts = {
            "train": _to_device(dataset, "train", num_train),
            "val": _to_device(dataset, "validation", padded),
            "test": _to_device(dataset, "test", padded),
        }
        self._recipe = Recipe(
            *(np.float32(getattr(config, name)) for name in Recipe._fields)
        )

    def train(
        self,
        key: Array,
        arch: np.ndarray,
        num_epochs: int | None = None,
        progress_fn: Callable[[int, Mapping[str, float]], None] | None = None,
    ) -> tuple[TrainState, dict[str, float]]:
        """Trains one architecture from scratch.

        Args:
            key: The child's randomness: its first parameters, its order of images.
            arch: int32 [2, num_nodes, 2, 2], see `ConvNet`.
            num_epochs: Epochs of the final training, which shifts images and has no
                time limit; where None, a search's training, as the config says.
            progress_fn: Called after every epoch with its number, from 0, and the
                metrics so far, validation included.

        Returns:
            The trained state and the metrics `train_loss` and `epochs`.

        Raises:
            ChildFailure: If the loss is not finite, or time is up.
        """
        limit, max_shift = 0.0, self.config.final_shift
        if num_epochs is None:
            num_epochs = self.config.epochs
            limit, max_shift = self.config.time_limit_s, 0
        if num_epochs < 1:
            raise ValueError(f"num_epochs must be positive, got {num_epochs}.")
        arch = jnp.asarray(arch, jnp.int32)
        init_key, train_key = jax.random.split(key)
        start = time.perf_counter()
        state = child_init(init_key, net=self.net)
        for epoch in range(num_epochs):
            args = (
                train_key,
                state,
                arch,
                np.int32(epoch),
                np.int32(num_epochs),
                self._recipe,
                self._parts["train"],
                np.int32(max_shift),
            )
            options = {"net": self.net, "batch_size": self.config.batch_size}
            if not epoch:
                # Compiling is not the child's time.
                child_train_epoch.lower(*args, **options).compile()
                start = time.perf_counter()
            state, loss = child_train_epoch(*args, **options)
            metrics = {"train_loss": float(loss), "epochs": float(epoch + 1)}
            if not math.isfinite(metrics["train_loss"]):
                raise ChildFailure(
                    f"training loss is {metrics['train_loss']} in epoch {epoch + 1}"
                )
            seconds = time.perf_counter() - start
            if limit and seconds > limit:
                raise ChildFailure(
                    f"over the time limit of {limit:g} s after {seconds:.1f} s, in "
                    f"epoch {epoch + 1} of {num_epochs}"
                )
            if progress_fn is not None:
                progress_fn(epoch, metrics | self.evaluate(state, arch, "val"))
        return state, metrics

    def evaluate(
        self, state: TrainState, arch: np.ndarray, part: str
    ) -> dict[str, float]:
        """Returns `<part>_accuracy`, a fraction, and `<part>_loss`.

        Args:
            state: A trained child.
            arch: The architecture it was trained with.
            part: `val` or `test`.

        Raises:
            ChildFailure: If the loss is not finite.
        """
        accuracy, loss = child_evaluate(
            state, jnp.asarray(arch, jnp.int32), self._parts[part], net=self.net
        )
        metrics = {f"{part}_accuracy": float(accuracy), f"{part}_loss": float(loss)}
        if not math.isfinite(metrics[f"{part}_loss"]):
            raise ChildFailure(f"{part} loss is {metrics[f'{part}_loss']}")
        return metrics


def _to_device(dataset: ImageDataset, part: str, num: int) -> Part:
    images = getattr(dataset, f"{part}_images")
    labels = getattr(dataset, f"{part}_labels")
    missing = num - len(labels)
    pad = ((0, missing), (0, 0), (0, 0), (0, 0))
    return jax.device_put(
        Part(
            np.pad(images, pad),
            np.pad(labels.astype(np.int32), (0, missing)),
            np.pad(np.ones(len(labels), np.float32), (0, missing)),
            dataset.mean,
            dataset.deviation,
        )
    )
