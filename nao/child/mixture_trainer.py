"""Trains the weights and the logits of a mixture by turns, an epoch after the other.

Weights learn from the first half of the training part, logits from the second (Liu et
al., 2019, arXiv:1806.09055, section 2.3); the validation part only measures.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.child import batches, bilevel, scoring
from nao.child import mixture_programs as programs
from nao.child.devices import choose_dtype, needed_mib
from nao.child.mixed_conv_net import MixedConvNet
from nao.child.mixed_topology_net import MixedTopologyNet
from nao.child.mixture_config import MixtureConfig
from nao.child.mixture_programs import Batch, Settings
from nao.child.programs import make_mesh
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.task import Task
from nao.spaces import ConvCell, NASBench201, Space
from nao.types import Array

_NETS = {ConvCell: MixedConvNet, NASBench201: MixedTopologyNet}
# Nested dicts of arrays, as checkpoints keep: what `mixture_init` returns, and `key`
# (key data), `epoch` (epochs done) and `train_loss` (mean of the last epoch).
State = dict[str, Array]


class Halves(NamedTuple):
    """Examples of each step of an epoch, int32 [steps, batch] each."""

    training: Array  # of the weights
    validation: Array  # of the logits


def draw_halves(key: Array, num: int, batch_size: int) -> Halves:
    """Draws the batches of an epoch of `num` examples; all steps are full.

    The first half of the examples is for the weights. Of an odd number the last one is
    in neither half.
    """
    half = num // 2
    orders = [
        jax.random.permutation(own, half)[: half - half % batch_size]
        for own in jax.random.split(key)
    ]
    training, validation = (order.reshape(-1, batch_size) for order in orders)
    return Halves(training, half + validation)


class MixtureTrainer:
    """Trains and measures the mixture of all architectures of a space."""

    def __init__(
        self,
        space: Space,
        task: Task,
        recipe: TrainingConfig,
        config: MixtureConfig,
        device: jax.Device | None = None,
    ):
        """Puts the data on a device; compiles nothing yet.

        Args:
            space: Convolutional cells, or those of NAS-Bench-201.
            task: What is learned.
            recipe: How large the network is, and how its weights are trained.
            config: How logits are trained, and for how long.
            device: Where; by default the first there is.

        Raises:
            ValueError: If the space has no mixture, there are too few examples, or a
                step needs more memory than `memory_limit_mib`.
        """
        kind = _NETS.get(type(space))
        if kind is None:
            raise ValueError(
                "A mixture is of the spaces conv_cell and nasbench201, got "
                f"{space.name!r}."
            )
        self._config = config
        device = jax.devices()[0] if device is None else device
        dtype = choose_dtype(recipe.dtype, device.platform)
        net = kind.of(space, task, recipe).in_training(dtype, None, False)
        self._settings = Settings(net, task.rules)
        is_drawn = config.relaxation == "gumbel"
        own = net.clone(one_path=is_drawn)
        self._training = Settings(own, task.rules, is_drawn)
        self._task, self._batch_size = task, recipe.batch_size
        self._recipe = Recipe.of(recipe, task.amounts(recipe))
        self._num = task.num_examples["train"]
        if self._num // 2 < recipe.batch_size:
            raise ValueError(
                f"{recipe.section}.batch_size must be at most {self._num // 2}, half "
                f"of the training {task.example}s of {task.name}, got "
                f"{recipe.batch_size}."
            )
        self._parts = batches.place(task, make_mesh([device], 1))
        self._order = scoring.order(task, 0)
        if recipe.memory_limit_mib:
            self._check_memory(recipe)

    def _check_memory(self, recipe: TrainingConfig) -> None:
        """Compiles the gradients' program, and compares what it needs with a limit."""
        key = jax.random.key(0)  # of the right type; nothing is drawn from it
        state = self._placed(self.init(key))
        indices = np.zeros(self._batch_size, np.int32)
        batch = self._batch(key, indices, np.float32(1))
        lowered = programs.mixture_gradients.lower(
            state["weights"], state["logits"], batch, settings=self._training
        )
        memory_mib = needed_mib(lowered.compile())
        limit = recipe.memory_limit_mib
        if memory_mib > limit:
            raise ValueError(
                f"A step of the mixture needs {memory_mib:.3g} MiB, "
                f"{recipe.section}.memory_limit_mib is {limit:g}."
            )

    def init(self, key: Array) -> State:
        """Returns the state before anything is learned."""
        init_key, key = jax.random.split(key)
        state = programs.mixture_init(init_key, settings=self._settings)
        return state | {
            "key": jax.random.key_data(key),
            "epoch": np.int32(0),
            "train_loss": np.float32(math.nan),
        }

    def learn(self, state: State) -> State:
        """Returns the state after an epoch; a pure function of the one before."""
        epoch = int(state["epoch"])
        state = self._placed(state)
        key = jax.random.fold_in(jax.random.wrap_key_data(state["key"]), epoch)
        order_key, step_key = jax.random.split(key)
        halves, losses = draw_halves(order_key, self._num, self._batch_size), []
        num_steps = len(halves.training)
        for number in range(num_steps):
            done = epoch + number / num_steps
            progress = np.float32(done / self._config.epochs)
            key = jax.random.fold_in(step_key, number)
            own = Halves(*(order[number] for order in halves))
            state, loss = self._step(key, state, own, progress)
            losses.append(loss)
        loss = jnp.stack(losses).mean()
        return state | {"epoch": np.int32(epoch + 1), "train_loss": loss}

    def _placed(self, state: State) -> State:
        """Puts a state where the data are: programs are compiled for each place."""
        return jax.device_put(state, self._parts["train"].weights.sharding)

    def _step(
        self, key: Array, state: State, halves: Halves, progress: np.float32
    ) -> tuple[State, Array]:
        """Takes a step of the logits, then one of the weights."""
        config = self._config
        fall = config.last_temperature - config.first_temperature
        temperature = np.float32(config.first_temperature + fall * progress)
        # The same examples and changes wherever the step looks at the training loss.
        gradients = [
            functools.partial(
                self._gradients,
                self._batch(jax.random.fold_in(key, half), indices, temperature),
            )
            for half, indices in enumerate(halves)
        ]
        gradient = self._of_logits(*gradients, state, progress)
        state = state | programs.logits_step(
            state, gradient, np.float32(config.learning_rate), config.weight_decay
        )
        loss, gradient, _ = gradients[0](state["weights"], state["logits"])
        weights, momentum = programs.weights_step(
            state["weights"], state["momentum"], gradient, progress, self._recipe
        )
        return state | {"weights": weights, "momentum": momentum}, loss

    def _batch(self, key: Array, indices: Array, temperature: np.float32) -> Batch:
        """Returns examples of the training part, and what is random about them."""
        augmentation = self._recipe.augmentation
        return Batch(self._parts["train"], indices, key, temperature, augmentation)

    def _gradients(self, batch: Batch, weights: Array, logits: Array):
        return programs.mixture_gradients(
            weights, logits, batch, settings=self._training
        )

    def _of_logits(self, training, validation, state: State, progress) -> Array:
        """Returns the gradient of the validation loss in the logits."""
        weights, logits = state["weights"], state["logits"]
        if self._config.order == "first":
            return validation(weights, logits)[2]
        return bilevel.second_order(
            lambda *at: training(*at)[1:],
            lambda *at: validation(*at)[1:],
            weights,
            logits,
            self._recipe.rate(progress),
            programs.drift(weights, state["momentum"], self._recipe),
            getattr(bilevel, f"{self._config.product}_product"),
        )

    def mixed(self, state: State) -> np.ndarray:
        """Returns the weights of operations, float32 [kinds of cells, edges, ops].

        Where operations are drawn, 1 for the most probable one of each edge.
        """
        logits = np.asarray(state["logits"])
        if self._training.is_drawn:
            return np.eye(logits.shape[-1], dtype=np.float32)[logits.argmax(-1)]
        return np.asarray(jax.nn.softmax(logits))

    def evaluate(self, state: State, mixed: np.ndarray) -> dict[str, float]:
        """Measures weights of operations on the validation part: `val_loss` and so on.

        Args:
            state: What was learned.
            mixed: float32 [kinds of cells, edges, operations].
        """
        means = programs.mixture_evaluate(
            state["weights"],
            mixed,
            self._parts["val"],
            self._order,
            settings=self._settings,
        )
        return self._task.measured("val", {k: float(v) for k, v in means.items()})
