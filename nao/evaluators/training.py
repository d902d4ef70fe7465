"""The objective of an architecture, measured by training it from scratch."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import jax
import numpy as np
from absl import logging

from nao.child.costs import count_parameters
from nao.child.training import ChildConfig, ChildFailure, ChildTrainer
from nao.data.dataset import ImageDataset
from nao.evaluators.base import Evaluation, Objective
from nao.types import Array


class CellSpace(Protocol):
    """What the evaluator needs of a space of convolutional cells."""

    operations: tuple[str, ...]
    num_nodes: int

    def architecture(self, tokens: np.ndarray) -> np.ndarray:
        """Maps tokens [num, length] to int32 [num, 2, num_nodes, 2, 2]."""


class TrainingEvaluator:
    """Trains each architecture as a child network and reads the validation part.

    Attributes:
        space: The space of the architectures.
        objective: The validation accuracy after the last epoch, a fraction.
        trainer: Builds, trains and measures the children.
        data_sha256: SHA-256 of the data set.
    """

    objective = Objective("val_accuracy")

    def __init__(
        self,
        space: CellSpace,
        dataset: ImageDataset,
        config: ChildConfig | None = None,
        final_epochs: int = 40,
    ):
        """Prepares children of `space` to learn `dataset`.

        Args:
            space: The space of the architectures.
            dataset: Images in three parts.
            config: How a child of the search is trained.
            final_epochs: Epochs that the final choice is trained for before its test.
        """
        config = ChildConfig() if config is None else config
        self.space, self.final_epochs = space, final_epochs
        self.data_sha256 = dataset.sha256()
        self.trainer = ChildTrainer(space.operations, space.num_nodes, dataset, config)

    def evaluate(self, tokens: np.ndarray, keys: Array) -> Iterator[Evaluation]:
        """Yields one evaluation per row of `tokens`; a bad child is a failed one."""
        archs = self.space.architecture(np.asarray(tokens))
        for arch, key in zip(archs, keys, strict=True):
            yield self._evaluate_one(arch, key)

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Trains one architecture [length] for `final_epochs` and reads the test part.

        Returns:
            `test_accuracy` and `val_accuracy`, fractions; empty where training failed.
        """
        try:
            metrics = self.train(tokens, key, self.final_epochs)
        except ChildFailure as failure:
            logging.error("The final choice could not be tested: %s.", failure)
            return {}
        return {name: metrics[name] for name in ("test_accuracy", "val_accuracy")}

    def train(
        self,
        tokens: np.ndarray,
        key: Array,
        epochs: int,
        progress_fn: Callable[[int, Mapping[str, float]], None] | None = None,
    ) -> dict[str, float]:
        """Trains one architecture for longer than a search does, and measures it.

        Args:
            tokens: int32 [length].
            key: The child's randomness.
            epochs: Epochs to train for; the same compiled program, whatever they are.
            progress_fn: Called after every epoch with its number, from 0, and the
                metrics so far.

        Returns:
            Training loss, accuracies and losses of both other parts, seconds, and the
            number of parameters that this architecture uses.

        Raises:
            ChildFailure: If it cannot be trained.
        """
        start = time.perf_counter()
        arch = self._architecture(tokens)
        state, metrics = self.trainer.train(key, arch, epochs, progress_fn)
        for part in ("val", "test"):
            metrics |= self.trainer.evaluate(state, arch, part)
        return metrics | {
            "num_parameters": float(count_parameters(self.trainer.net, arch)),
            "seconds": time.perf_counter() - start,
        }

    def _architecture(self, tokens: np.ndarray) -> np.ndarray:
        return self.space.architecture(np.asarray(tokens)[None])[0]

    def _evaluate_one(self, arch: np.ndarray, key: Array) -> Evaluation:
        start = time.perf_counter()
        metrics: dict[str, Any] = {
            "num_parameters": float(count_parameters(self.trainer.net, arch))
        }
        value, reason = None, ""
        try:
            state, trained = self.trainer.train(key, arch)
            metrics |= trained | self.trainer.evaluate(state, arch, "val")
            value = metrics.pop("val_accuracy")
        except ChildFailure as failure:
            reason = str(failure)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            reason = f"out of memory: {str(error).splitlines()[0]}"
        seconds = time.perf_counter() - start
        return Evaluation(value, metrics, seconds, reason)
