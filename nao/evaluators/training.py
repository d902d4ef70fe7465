"""The objective of an architecture, measured by training it from scratch."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nao.child.nets import make_net
from nao.child.network import ChildNet
from nao.child.programs import TrainState
from nao.child.recipe import ChildConfig, FinalConfig, TrainingConfig
from nao.child.task import PREFIXES, Task
from nao.child.tasks import Learned, as_task
from nao.child.trained import TrainedChild
from nao.child.training import ChildFailure, ChildTrainer, Outcome
from nao.data import config as data_config
from nao.data.dataset import Dataset
from nao.evaluators import memory
from nao.evaluators.base import Evaluation, Objective
from nao.evaluators.children import SearchedChildren
from nao.spaces import Space
from nao.system import hosts, stages
from nao.types import Array

_COSTS = ("num_parameters", "num_multiply_adds")  # exact, and known untrained


def _how_tested(epochs: int, final_epochs: int, example: str) -> str:
    """Says what a final training of so many epochs is, next to those of the search."""
    beside = "as" if epochs == final_epochs else f"{epochs}"
    return how_trained(final_epochs, f", {beside} in the search", example)


def how_trained(epochs: int, more: str, example: str, start: str = "anew") -> str:
    """Says that the final choice is trained for so many epochs, from where, and more.

    Args:
        epochs: Of the final recipe.
        more: What else there is to say, after a comma.
        example: What one example is called.
        start: Where it begins.
    """
    unit = "epoch" if epochs == 1 else "epochs"
    return (
        f"trained {start} by the final recipe ({epochs} {unit}{more}), with the only "
        f"look at the test {example}s"
    )


class TrainingEvaluator:
    """Trains each architecture as a child network and reads the validation part.

    Attributes:
        space: The space of the architectures, one that has a network.
        task: What children of the search learn.
        objective: The task's objective on the validation part after the last epoch, of
            images the accuracy, a fraction.
        metrics: What evaluations have besides it; None where only the task knows.
        content: SHA-256 of the data, by name.
        num_examples: Of each measure that is a share of examples, of how many.
        example: What one example is called, such as `image`.
        budgets: Epochs that a child may be trained for, ascending, all of them last.
        source: What the numbers come from, in words: `on` and the task's name.
        how_tested: What `test` does with the final choice, in words.
    """

    def __init__(
        self,
        space: Space,
        learned: Learned,
        config: ChildConfig | None = None,
        final: FinalConfig | None = None,
        devices: Sequence[jax.Device] | None = None,
        network: type[ChildNet] | None = None,
    ):
        """Prepares children of `space` to learn a task.

        Args:
            space: The space of the architectures.
            learned: What they learn: a task, or images or a text in three parts.
            config: How a child of the search is trained.
            final: How the final choice is trained before its test.
            devices: What children train on, apart in a search; by default the first
                there is.
            network: Class of their network; by default the one of the space.

        Raises:
            TypeError: If it is nothing to learn.
            ValueError: If the space has no network, or the network can't learn it.
        """
        self._devices, self._network = devices, network
        self._config = ChildConfig() if config is None else config
        self._final = (FinalConfig() if final is None else final).after(self._config)
        self.task = as_task(learned, self._config)
        last = as_task(learned, self._final)
        # One task where both recipes cut the data alike, so that trainers share them.
        # Tasks are equal whatever their data are.
        is_same = last == self.task and last.input_shape == self.task.input_shape
        self._final_task = self.task if is_same else last
        self.space = space
        self.budgets = self._config.all_budgets
        # Only to check: trainers are made late, but a mistake is named at once.
        task = self.task
        make_net(space, task, self._config, network)
        self.objective = Objective(f"val_{task.objective}", task.maximize, task.unit)
        self.content = {"data.sha256": task.sha256()}
        self.metrics = _metric_names(task, self._config)
        self.source, self.example = f"on {task.name}", task.example
        self.how_tested = _how_tested(
            self._config.epochs, self._final.epochs, task.example
        )
        self.num_examples = {
            f"{prefix}_{name}": task.num_examples[part]
            for part, prefix in PREFIXES.items()
            for name in task.shares
        }

    @property
    def num_final_epochs(self) -> int:
        """Epochs of the final recipe."""
        return self._final.epochs

    # Made when first used, as it puts the data on the devices: a final training takes
    # a trainer of its own and never makes this one.
    @functools.cached_property
    def trainer(self) -> ChildTrainer:
        """Builds, trains and measures the children of a search."""
        return self._trainer(self.task, self._config)

    @functools.cached_property
    def _children(self) -> SearchedChildren:
        return SearchedChildren(self.trainer, self.objective.name)

    def _trainer(self, task: Task, config: TrainingConfig, **options) -> ChildTrainer:
        net = make_net(self.space, task, config, self._network)
        return ChildTrainer(net, task, config, self._devices, **options)

    def evaluate(
        self, tokens: np.ndarray, keys: Array, budgets: np.ndarray | None = None
    ) -> Iterator[Evaluation]:
        """Returns one evaluation per row of `tokens`, each as soon as it is known.

        A bad child is a failed one.

        Args:
            tokens: int32 [num, length].
            keys: JAX keys [num]: first parameters and order of examples of each child.
            budgets: Epochs of each, float64 [num], of the whole training's schedule;
                all by default. A child that was trained for fewer, with the same key,
                goes on.

        Raises:
            ValueError: If the program of all children needs more memory than its limit.
        """
        archs = self.space.architecture(np.asarray(tokens))
        stops = [self._config.epochs] * len(archs)
        if budgets is not None:
            stops = np.asarray(budgets, int).tolist()
        return self._children.evaluate(archs, keys, stops)

    def cost(self, budget: float, before: float) -> float:
        """Returns the share of all epochs that are still to be trained."""
        return (budget - before) / self._config.epochs

    def known(self, tokens: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the exact costs of architectures, which need no training.

        Args:
            tokens: int32 [num, length].

        Returns:
            `num_parameters` and `num_multiply_adds`, float64 [num] each.
        """
        archs = self.space.architecture(np.asarray(tokens))
        counts = [self.trainer.counts(arch) for arch in archs]
        return {name: np.array([c[name] for c in counts]) for name in _COSTS}

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Trains one architecture [length] by the final recipe and reads the test part.

        Returns:
            The objective on the test and the validation part, such as `test_accuracy`
            and `val_accuracy`.

        Raises:
            ChildFailure: If it can't be trained; a search then ends without the test.
        """
        return self._tested(tokens, key)

    def _tested(
        self,
        tokens: np.ndarray,
        key: Array,
        start: Callable[[TrainState], tuple[int, TrainState]] | None = None,
    ) -> dict[str, float]:
        """Does what `test` says, from where `start` begins, see `train`."""
        with memory.as_failures():
            # The search's data are on the devices already, and need no copy.
            trainer = self._trainer(self._final_task, self._final, like=self.trainer)
            metrics, _ = self._train(trainer, tokens, key, self._tell_epoch, start)
        names = (f"test_{self.task.objective}", self.objective.name)
        return {name: metrics[name] for name in names}

    def _tell_epoch(self, epoch: int, *_) -> None:
        """Says how far the training of the final choice is; a log has ten lines."""
        done, num = epoch + 1, self.num_final_epochs
        is_line = done * 10 // num > epoch * 10 // num
        stages.tell(f"final training of the best, epoch {done} of {num}", is_line)

    def costs(self, tokens: np.ndarray) -> dict[str, float]:
        """Returns what the final training of one architecture [length] costs.

        Compiles it, so that memory is known before the first step.

        Returns:
            `num_parameters`, `num_multiply_adds` and `memory_mib`, of a training step.

        Raises:
            ChildFailure: If it needs more memory than its limit, or than there is.
        """
        archs = self.space.architecture(np.asarray(tokens)[None])
        key = jax.random.key(0)  # of the right type; nothing is drawn from it
        with memory.as_failures():
            memory_mib = self._final_trainer.prepare(jax.numpy.stack([key]), archs)
            counts = self._final_trainer.counts(archs[0])
        return counts | {"memory_mib": memory_mib}

    # Apart from the trainer of `test`: here all devices share one child's examples.
    @functools.cached_property
    def _final_trainer(self) -> ChildTrainer:
        return self._trainer(self._final_task, self._final, share_batch=True)

    def train(
        self,
        tokens: np.ndarray,
        key: Array,
        progress_fn: Callable[[int, TrainState, Mapping[str, float]], None]
        | None = None,
        start: Callable[[TrainState], tuple[int, TrainState] | None] | None = None,
    ) -> tuple[dict[str, float], TrainedChild]:
        """Trains one architecture by the final recipe on all devices, and measures it.

        Args:
            tokens: int32 [length].
            key: The child's randomness.
            progress_fn: Called after every epoch with its number, from 0, the state and
                the metrics so far, validation included.
            start: Maps a fresh state to epochs done and the state after them, to
                continue from; None from it begins anew.

        Returns:
            Metrics (training loss, the task's measures of both other parts, seconds,
            memory, and what the architecture costs), and the trained network.

        Raises:
            ChildFailure: If it cannot be trained.
        """
        (arch,) = self.space.architecture(np.asarray(tokens)[None])
        with memory.as_failures():
            trainer = self._final_trainer

            def report(epoch: int, states: TrainState, outcomes: list[Outcome]) -> None:
                # The validation part only: the test part is read once, at the end.
                (measured,) = trainer.evaluate(states, arch[None], "val")
                progress_fn(epoch, states, outcomes[0].metrics | measured.metrics)

            report = None if progress_fn is None else report
            metrics, states = self._train(trainer, tokens, key, report, start)
            net = trainer.net
            # The states of a specialised program fit that architecture's network alone.
            if trainer.config.specialised:
                net = net.specialise(arch)
            return metrics, TrainedChild.of(net, states, arch, self._final_task)

    def _train(
        self,
        trainer: ChildTrainer,
        tokens: np.ndarray,
        key: Array,
        progress_fn: Callable[[int, TrainState, list[Outcome]], None] | None,
        start: Callable[[TrainState], tuple[int, TrainState] | None] | None = None,
    ) -> tuple[dict[str, float], TrainState]:
        """Trains one architecture [length] by a trainer; see `train` for the rest.

        Raises:
            ChildFailure: If it cannot be trained, or a measure of it is not finite.
        """
        start_time = time.perf_counter()
        # Trainers take several children at once: here a single one.
        archs = self.space.architecture(np.asarray(tokens)[None])
        keys = jax.numpy.stack([key])
        # A checkpoint is read into the shapes of a fresh state, so one is made for it.
        resumed = None if start is None else start(trainer.init(keys, archs))
        states, (outcome,) = trainer.train(keys, archs, progress_fn, resumed)
        metrics = _metrics(outcome)
        # The test part last: it is read of a child that all else is known of.
        for part in ("val", "test"):
            metrics |= _metrics(trainer.evaluate(states, archs, part)[0])
        seconds = time.perf_counter() - start_time
        metrics |= trainer.counts(archs[0]) | {"seconds": seconds}
        return metrics, states


def from_settings(settings: Any, space: Space) -> TrainingEvaluator:
    """Makes the evaluator of a search from `EvaluatorSettings`, its data in place.

    Raises:
        ValueError: If data, network and recipe do not fit together.
    """
    evaluator = build(settings, space)
    # Made early, so that what does not fit is named before the search begins.
    _ = evaluator.trainer
    return evaluator


def build(settings: Any, space: Space) -> TrainingEvaluator:
    """Makes the evaluator from `EvaluatorSettings`; nothing lies on the devices yet.

    Raises:
        ValueError: If the data can't be loaded, or the space has no network.
    """
    return TrainingEvaluator(space, *parts_of(settings))


def parts_of(
    settings: Any,
) -> tuple[Dataset, ChildConfig, FinalConfig, list[jax.Device]]:
    """Returns data, both recipes and the devices of `EvaluatorSettings`."""
    data = data_config.load(settings.data)
    devices = hosts.devices(settings.num_devices)
    return data, settings.child, settings.train, devices


def _metric_names(task: Task, config: TrainingConfig) -> tuple[str, ...] | None:
    """Returns what evaluations have besides the objective; None where it is unknown."""
    if task.reports is None:
        return None
    others = [f"val_{name}" for name in task.reports if name != task.objective]
    averaged = ["averaged_steps"] if config.average_after else []
    return ("train_loss", *others, "epochs", "memory_mib", *averaged, *_COSTS)


def _metrics(outcome: Outcome) -> dict[str, float]:
    """Returns the metrics of an outcome; raises ChildFailure where it has none."""
    if outcome.failure:
        raise ChildFailure(outcome.failure)
    return dict(outcome.metrics)
