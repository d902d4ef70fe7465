"""The objective of an architecture under weights that all architectures share.

The weights learn before a round is measured, on what the strategy draws; a score is
then one pass over the validation part, where a training from scratch takes many. Half
of the field's systems do so (Pham et al., 2018, arXiv:1802.03268; Bender et al., 2018;
Li & Talwalkar, 2019, arXiv:1902.07638).
"""

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from nao.child import ChildConfig, ChildFailure
from nao.child.nets import make_net
from nao.child.programs import TrainState
from nao.child.scoring import NORMS
from nao.child.shared_weights import SharedWeights
from nao.child.training import Outcome
from nao.evaluators import memory, training
from nao.evaluators.base import Evaluation
from nao.evaluators.children import as_evaluations
from nao.evaluators.lessons import check_without, epochs_ahead, in_memory
from nao.evaluators.training import TrainingEvaluator
from nao.fields import (
    check_at_least,
    check_choice,
    check_types,
    documented,
    option,
)
from nao.spaces import Space
from nao.system import stages
from nao.types import Array, PyTree

Draw = Callable[[Array, Array], Array]  # see `LearningEvaluator.learn`
_OF_TRAININGS = ("train_loss", "epochs", "memory_mib", "averaged_steps")


@documented
@dataclasses.dataclass(frozen=True)
class SharedConfig:
    """How the shared weights learn, by the recipe of `child` otherwise, and score."""

    epochs: int = option(50, "Epochs of the shared weights, in all rounds together")
    epochs_a_round: int = option(
        0, "Epochs before each round, until all are spent; 0 for all before the first"
    )
    norms: str = option(
        "batch",
        "Batch norm of a score: batch (moments of the validation batch), refit (of "
        "training batches, taken for each architecture alone), running (averages of "
        "all architectures)",
    )
    num_scored: int = option(
        0, "Validation examples of a score, the first there are; 0 for all"
    )
    inherit: bool = option(
        False, "Whether the final choice begins with the shared weights, not anew"
    )

    def __post_init__(self):
        check_types(self, "shared.")
        check_at_least(1, self, "epochs", prefix="shared.")
        check_at_least(0, self, "epochs_a_round", "num_scored", prefix="shared.")
        check_choice("shared.norms", self.norms, NORMS)


class SharedEvaluator(TrainingEvaluator):
    """Scores architectures by shared weights; the final choice is trained anew.

    Its state holds the leaves of the weights, their statistics and their momentum, the
    randomness, the epochs done, and the loss of the last one.

    Attributes:
        is_noisy: Whether the weights go on learning as a search goes on.
    """

    budgets = (1.0,)

    def __init__(
        self,
        space: Space,
        learned: training.Learned,
        config: ChildConfig | None = None,
        final: training.FinalConfig | None = None,
        shared: SharedConfig | None = None,
        devices: Sequence[jax.Device] | None = None,
        network: type | None = None,
    ):
        """Prepares the weights of a space's network, see `TrainingEvaluator`."""
        super().__init__(space, learned, config, final, devices, network)
        self._shared = SharedConfig() if shared is None else shared
        _check_recipe(self._config)
        if self._shared.inherit:
            _check_heir(self._config, self._final)
        start = "on from the shared weights" if self._shared.inherit else "anew"
        more = ", scored by shared weights"
        self.how_tested = training.how_trained(
            self.num_final_epochs, more, self.task.example, start
        )
        # By the same weights a score is the same; by those that learn on, the last
        # one counts.
        self.is_noisy = bool(self._shared.epochs_a_round)
        self.objective = dataclasses.replace(self.objective, drifts=self.is_noisy)
        num, whole = self._shared.num_scored, self.task.num_examples["validation"]
        self._scores_by_part = 0 < num < whole
        if self._scores_by_part:
            names = (f"val_{name}" for name in self.task.shares)
            self.num_examples |= dict.fromkeys(names, num)
        self.metrics = (
            tuple(name for name in self.metrics or () if name not in _OF_TRAININGS)
            or None
        )

    @functools.cached_property
    def trainer(self) -> SharedWeights:
        """Trains the shared weights and scores by them."""
        config = dataclasses.replace(
            self._config, epochs=self._shared.epochs, budgets=()
        )
        net = make_net(self.space, self.task, config, self._network)
        shared = self._shared
        return SharedWeights(
            *(net, self.task, config, self._devices, shared.norms, shared.num_scored)
        )

    def init(self, key: Array) -> PyTree:
        """Returns the state before anything is learned."""
        key, drawn = jax.random.split(key)
        with in_memory("The shared weights"):
            return self._kept(self.trainer.begin(drawn), key, 0, 0.0)

    def learn(self, state: PyTree, draw: Draw) -> Iterator[PyTree]:
        """Yields the state after each epoch before a round."""
        shared, done = self._shared, int(state["epoch"])
        ahead = epochs_ahead(done, shared.epochs_a_round, shared.epochs)
        if not ahead:  # nothing is put on the devices for it
            return
        key = jax.random.wrap_key_data(np.asarray(state["key"]))
        weights = self.trainer.state(state["leaves"])
        for epoch in ahead:
            stages.tell(
                f"learning shared weights, epoch {epoch + 1} of {shared.epochs}"
            )
            archs = self._drawn(jax.random.fold_in(key, epoch), draw)
            with in_memory("The shared weights"):
                weights, loss = self.trainer.learn(key, weights, archs, epoch)
                kept = self._kept(weights, key, epoch + 1, loss)
            yield kept
            if not math.isfinite(loss):
                break

    def _drawn(self, key: Array, draw: Draw) -> np.ndarray:
        """Returns what the steps of an epoch learn on, int32 [steps, ...].

        All at once: spaces read tokens on the host.
        """
        tokens = _draw_all(key, np.arange(self.trainer.steps), draw)
        return self.space.architecture(np.asarray(tokens))

    def evaluate(
        self, tokens: np.ndarray, keys: Array, state: PyTree
    ) -> Iterator[Evaluation]:
        """Yields one evaluation per row, by the weights learned before the round.

        Args:
            tokens: int32 [num, length].
            keys: Not read: a score has no randomness of its own.
            state: Of `learn`.
        """
        loss = float(state["loss"])
        if not math.isfinite(loss):
            reason = (
                f"the loss of the shared weights is {loss} in epoch "
                f"{int(state['epoch'])}, and they learn no more: another recipe, as a "
                "smaller child.learning_rate, needs another workdir"
            )
            yield from [Evaluation(None, reason=reason)] * len(tokens)
            return
        weights = self.trainer.state(state["leaves"])
        archs = self.space.architecture(np.asarray(tokens))
        at_once = self.trainer.at_once
        for start in range(0, len(archs), at_once):
            yield from self._scored(weights, archs[start : start + at_once])

    def test(self, tokens: np.ndarray, key: Array, state: PyTree) -> dict[str, float]:
        """Trains one architecture [length] by the final recipe and reads the test part.

        Args:
            tokens: int32 [length].
            key: Its randomness.
            state: Of `learn`, whose weights it begins with where it inherits them.

        Returns:
            The test measure; and the objective, unless scores are of fewer examples.
        """

        def inherited(fresh: TrainState) -> tuple[int, TrainState]:
            shared = self.trainer.state(state["leaves"])
            pairs = (
                (fresh.params, fresh.batch_stats),
                (shared.params, shared.batch_stats),
            )
            params, stats = jax.tree.map(_put_like, *pairs)
            return 0, fresh._replace(params=params, batch_stats=stats)

        begin = inherited if self._shared.inherit else None
        found = self._tested(tokens, key, begin)
        if self._scores_by_part:  # one name, one number of examples
            del found[self.objective.name]
        return found

    def _scored(self, weights: TrainState, archs: np.ndarray) -> list[Evaluation]:
        start = time.perf_counter()
        try:
            with memory.as_failures():
                outcomes = self.trainer.score(weights, archs)
        except ChildFailure as failure:  # one program scores them all
            outcomes = [Outcome({}, str(failure))] * len(archs)
        seconds = time.perf_counter() - start
        name = self.objective.name
        return as_evaluations(self.trainer, name, archs, outcomes, seconds)

    def _kept(self, state: TrainState, key: Array, epoch: int, loss: float) -> PyTree:
        """Returns the state that checkpoints keep."""
        return {
            "leaves": self.trainer.leaves(state),
            "key": np.asarray(jax.random.key_data(key)),
            "epoch": np.int32(epoch),
            "loss": np.float32(loss),
        }


def _put_like(fresh: Array, shared: Array) -> Array:
    """Puts shared weights [1, ...] where fresh ones [children, ...] are."""
    values = np.broadcast_to(np.asarray(shared), fresh.shape)
    return jax.device_put(values, fresh.sharding)


@jax.jit
def _draw_all(key: Array, numbers: Array, draw: Draw) -> Array:
    return jax.vmap(draw, (None, 0))(key, numbers)


def _check_recipe(config: ChildConfig) -> None:
    """Raises ValueError where the recipe of children is none for shared weights."""
    names = ("specialised", "average_after", "time_limit_s", "window_spread", "at_once")
    why = "one network for all architectures"
    check_without("evaluator=shared", config, names, why)


def _check_heir(child: ChildConfig, final: training.FinalConfig) -> None:
    """Raises ValueError where the final network has no place for shared weights."""
    names = ("channels", "cells_per_stage", "units", "specialised", "auxiliary")
    for name in names:
        ours, theirs = getattr(child, name), getattr(final, name)
        if ours != theirs:
            raise ValueError(
                f"shared.inherit=true needs train.{name} to be that of the search, "
                f"{ours}, got {theirs}."
            )


def from_settings(settings: Any, space: Space) -> SharedEvaluator:
    """Makes the evaluator of a search from `EvaluatorSettings`, its data in place.

    Raises:
        ValueError: If data, network and recipe do not fit together.
    """
    data, child, final, devices = training.parts_of(settings)
    evaluator = SharedEvaluator(space, data, child, final, settings.shared, devices)
    _ = evaluator.trainer  # what does not fit is named before the search begins
    return evaluator
