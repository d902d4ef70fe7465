"""Trains children on one task: what is placed where, how long, and what fails.

The data stay on the devices; a host loop over epochs watches the time and the loss.
"""

import functools
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from nao.child import averaging, batches, measuring, programs
from nao.child.batches import CHILDREN, DATA
from nao.child.devices import choose_devices, choose_dtype, needed_mib
from nao.child.network import ChildNet
from nao.child.programs import Settings, TrainState
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.task import Task
from nao.system import stages
from nao.types import Array

# What it took for NAO's cells of 5 nodes on two CPU cores; the compile cache answers in
# a second.
_COMPILING = "compiling the training step, about 20 s"


class ChildFailure(Exception):
    """A child that could not be trained, for a reason of its own; one line."""


class Outcome(NamedTuple):
    """What became of a child: metrics, or one line on why it failed."""

    metrics: dict[str, float]
    failure: str = ""


class ChildTrainer:
    """Trains and evaluates children on one task.

    Attributes:
        net: The network that architectures are laid into.
        config: How they are trained.
        num_children: How many train at once.
    """

    _is_shared = False  # whether architectures share one set of weights

    def __init__(
        self,
        net: ChildNet,
        task: Task,
        config: TrainingConfig,
        devices: Sequence[jax.Device] | None = None,
        share_batch: bool = False,
        like: "ChildTrainer | None" = None,
    ):
        """Puts the data on the devices; compiles nothing yet.

        Args:
            net: A network for any architecture.
            task: What children learn.
            config: How children are trained.
            devices: Where; by default the first there is.
            share_batch: Whether the devices, as many as divide a batch, share the
                examples of one child's steps; otherwise each trains its own children.
            like: A trainer to share with, where its task is the same one, what lies on
                the devices.

        Raises:
            ValueError: If there are fewer examples than a batch, or the network lacks
                what the recipe asks for.
        """
        num_train = task.num_examples["train"]
        if config.batch_size > num_train:
            raise ValueError(
                f"{config.section}.batch_size must be at most the {num_train} training "
                f"{task.example}s of {task.name}, got {config.batch_size}."
            )
        devices = jax.devices()[:1] if devices is None else devices
        devices, num_apart = choose_devices(config, devices, share_batch)
        self._mesh = programs.make_mesh(devices, num_apart)
        self.num_children = num_apart * (1 if share_batch else config.at_once)
        self.net = net.in_training(
            choose_dtype(config.dtype, devices[0].platform),
            DATA if self._mesh.shape[DATA] > 1 else None,
            config.auxiliary > 0,
        )
        self.config, self._task = config, task
        self._recipe = Recipe.of(config, task.amounts(config))
        # A program's memory is known once it is compiled: once for both trainers, where
        # as many children are in it.
        is_alike = like is not None and like.num_children == self.num_children
        self._memory_mib: dict[Settings, float] = like._memory_mib if is_alike else {}
        # The same one: tasks are equal whatever their data are.
        if like is not None and like._mesh == self._mesh and like._task is task:
            self._parts = like._parts
        else:
            self._parts = batches.place(task, self._mesh)

    def train(
        self,
        keys: Array,
        archs: np.ndarray,
        progress_fn: Callable[[int, TrainState, list[Outcome]], None] | None = None,
        start: tuple[int, TrainState] | None = None,
        stop: int | None = None,
    ) -> tuple[TrainState, list[Outcome]]:
        """Trains architectures, all at once.

        Args:
            keys: The children's randomness [num]: first parameters, order of examples.
            archs: int32 [num, ...], at most `num_children`.
            progress_fn: Called after every epoch with its number, from 0, the states
                and the outcomes so far.
            start: Epochs done and the states after them, to continue from; from scratch
                by default.
            stop: Epochs after which to stop, of the whole training's schedule; by
                default at its end.

        Returns:
            The trained states, and per child the metrics `train_loss`, `epochs`,
            `memory_mib` and, where weights are averaged, `averaged_steps`, how many
            steps the mean is over; or why it failed.

        Raises:
            ValueError: If the universal program needs more memory than its limit.
        """
        outcomes = [Outcome({"epochs": 0.0})] * len(archs)
        try:
            memory_mib, failure = self.prepare(keys, archs), ""
        except ChildFailure as error:
            failure = str(error)
        done, states = start or (0, self.init(keys, archs))
        if failure:
            return states, [Outcome({}, failure)] * len(archs)
        keys, archs, settings = self._place(keys, archs)
        train_keys = programs.split(keys)[1]
        begun = time.perf_counter()
        stop = self.config.epochs if stop is None else stop
        for epoch in range(done, stop):
            states, losses = self._pass(train_keys, states, archs, epoch, settings)
            seconds = time.perf_counter() - begun
            others = averaging.metrics(states.average, {"memory_mib": memory_mib})
            # Copies that fill up the devices have losses, too, which are left out.
            outcomes = [
                old if old.failure else self._outcome(epoch, loss, seconds, more)
                for old, loss, more in zip(outcomes, losses, others, strict=False)
            ]
            # One that failed trains on beside the others: it is one program.
            if all(outcome.failure for outcome in outcomes):
                break
            if progress_fn is not None:
                progress_fn(epoch, states, outcomes)
        return states, outcomes

    def init(self, keys: Array, archs: np.ndarray) -> TrainState:
        """Draws the states that `train` begins with."""
        keys, _, settings = self._place(keys, archs)
        return programs.child_init(programs.split(keys)[0], settings=settings)

    def counts(self, arch: np.ndarray) -> dict[str, float]:
        """Counts parameters, and multiply-adds for one example, of an architecture."""
        return {
            "num_parameters": float(self.net.num_parameters(arch)),
            "num_multiply_adds": float(self.net.num_multiply_adds(arch)),
        }

    def apart(self, states: TrainState, num: int) -> list[TrainState]:
        """Returns the states of the first `num` children, each on the host."""
        states = jax.device_get(states)
        return [jax.tree.map(lambda x, i=i: x[i], states) for i in range(num)]

    def together(self, states: Sequence[TrainState]) -> TrainState:
        """Puts states of children on the devices, the last repeated to fill up."""
        filled = [*states, *[states[-1]] * (self.num_children - len(states))]
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *filled)
        return jax.device_put(stacked, NamedSharding(self._mesh, P(CHILDREN)))

    def _pass(
        self, keys, states, archs, epoch, settings
    ) -> tuple[TrainState, list[float]]:
        """Takes children through an epoch; returns their states and mean losses."""
        num_epochs, part = np.int32(self.config.epochs), self._parts["train"]
        states, losses = programs.child_train_epoch(
            *(keys, states, archs, np.int32(epoch), num_epochs, self._recipe, part),
            settings=settings,
        )
        # The only wait for the devices in an epoch, where weights are not averaged.
        losses = np.asarray(losses, np.float64)
        # After the last epoch nothing follows that could be averaged.
        if states.average is not None and epoch + 1 < self.config.epochs:
            states = self._watch(states, archs, losses, settings)
        return states, losses.tolist()

    def _watch(
        self, states: TrainState, archs: Array, losses: np.ndarray, settings: Settings
    ) -> TrainState:
        """Evaluates children after an epoch, and has those that stall average.

        Children that average already, or have no finite training loss, float64
        [children], need no evaluation.
        """
        average = states.average
        noted = np.asarray(average.num_averaged), np.asarray(average.losses)
        if not np.any((noted[0] == 0) & np.isfinite(losses)):
            return states
        measured = measuring.child_evaluate(
            states, archs, self._parts["val"], settings=settings
        )
        noted = averaging.watch(*noted, np.asarray(measured["loss"]))
        # Placed as they were: otherwise they would be arguments of another kind.
        places = average.num_averaged.sharding, average.losses.sharding
        num, losses = jax.device_put(noted, places)
        average = average._replace(num_averaged=num, losses=losses)
        return states._replace(average=average)

    def _outcome(self, epoch, loss, seconds, others) -> Outcome:
        metrics = {"train_loss": loss, "epochs": float(epoch + 1), **others}
        limit = self.config.time_limit_s
        if not math.isfinite(loss):
            failure = f"training loss is {loss} in epoch {epoch + 1}"
            return Outcome({}, failure)
        if limit and seconds > limit:
            failure = (
                f"over the time limit of {limit:g} s after {seconds:.1f} s, in epoch "
                f"{epoch + 1} of {self.config.epochs}"
            )
            return Outcome({}, failure)
        return Outcome(metrics)

    def prepare(self, keys: Array, archs: np.ndarray) -> float:
        """Compiles what children run, for none to wait for, and checks its memory.

        Returns:
            What a training step needs on a device, in MiB.

        Raises:
            ChildFailure: If an architecture's own program needs more than the limit.
            ValueError: If the program of all of them does.
        """
        keys, archs, settings = self._place(keys, archs)
        if settings not in self._memory_mib:
            with stages.stage(_COMPILING, is_line=True):
                memory_mib = self._compile(keys, archs, settings)
            self._memory_mib[settings] = memory_mib
        memory_mib = self._memory_mib[settings]
        limit = self.config.memory_limit_mib
        if limit and memory_mib > limit:
            message = (
                f"a training step needs {memory_mib:.3g} MiB, "
                f"{self.config.section}.memory_limit_mib is {limit:g}"
            )
            if settings.net.arch is None:
                raise ValueError(f"For any architecture {message}.")
            raise ChildFailure(message)
        return memory_mib

    def _compile(self, keys: Array, archs: Array, settings: Settings) -> float:
        """Compiles what children run; returns what a step needs on a device, in MiB."""
        # From shapes alone: nothing is drawn, and nothing runs.
        first = programs.split(keys)[0]
        states = self._shapes(first, settings)
        args = (keys, states, archs, np.int32(0), np.int32(self.config.epochs))
        train = programs.child_train_epoch.lower(
            *args, self._recipe, self._parts["train"], settings=settings
        )
        # Beside the training step, half of whose compilation uses one core alone.
        with ThreadPoolExecutor(1) as aside:
            trained = aside.submit(train.compile)
            programs.child_init.lower(first, settings=settings).compile()
            if not self._is_shared:  # else scored by another program
                measuring.child_evaluate.lower(
                    states, archs, self._parts["val"], settings=settings
                ).compile()
            return needed_mib(trained.result())

    def _shapes(self, keys: Array, settings: Settings) -> TrainState:
        """Returns the shapes of states, and where they lie."""
        init = functools.partial(programs.child_init, settings=settings)
        sharding = NamedSharding(self._mesh, P(CHILDREN))
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding),
            jax.eval_shape(init, keys),
        )

    def evaluate(
        self, states: TrainState, archs: np.ndarray, part: str
    ) -> list[Outcome]:
        """Returns the task's measures of each child on a part, such as `val_loss`.

        Args:
            states: Trained children.
            archs: The architectures they were trained with.
            part: `val` or `test`.
        """
        num = len(archs)
        _, archs, settings = self._place(None, archs)
        measured = measuring.child_evaluate(
            states, archs, self._parts[part], settings=settings
        )
        measured = {k: np.asarray(v, np.float64) for k, v in measured.items()}
        return [
            self._measured(part, {k: float(v[i]) for k, v in measured.items()})
            for i in range(num)
        ]

    def _measured(self, part: str, means: dict[str, float]) -> Outcome:
        metrics = self._task.measured(part, means)
        for name, value in metrics.items():
            if not math.isfinite(value):
                return Outcome({}, f"{name.replace('_', ' ', 1)} is {value}")
        return Outcome(metrics)

    def _place(self, keys: Array | None, archs: np.ndarray) -> tuple:
        """Puts keys and architectures on the devices, the last repeated to fill up.

        Returns:
            Keys, architectures, and what their program is fixed to.
        """
        archs = np.asarray(archs, np.int32)
        if not 0 < len(archs) <= self.num_children:
            raise ValueError(
                f"archs must be 1 to {self.num_children} at once, got {len(archs)}."
            )
        # A specialised network trains alone, so there is one architecture.
        net = self.net.specialise(archs[0]) if self.config.specialised else self.net
        fill = np.minimum(np.arange(self.num_children), len(archs) - 1)
        place = functools.partial(
            jax.device_put, device=NamedSharding(self._mesh, P(CHILDREN))
        )
        config = self.config
        sizes = config.batch_size, config.micro_batches, config.average_after
        sizes += (self._is_shared,)
        settings = Settings(net, self._task.rules, self._mesh, *sizes)
        if keys is not None:
            # By way of the host, the only place that devices of all hosts take from.
            data = np.asarray(jax.random.key_data(jnp.stack(list(keys))))
            keys = jax.random.wrap_key_data(place(data[fill]))
        return keys, place(archs[fill]), settings
