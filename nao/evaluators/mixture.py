"""A mixture of all architectures that learns which of them to choose (DARTS, GDAS).

Weights and logits of the mixture learn for an epoch before each round; the strategy
asks for the architecture that the logits come closest to then.
"""

import dataclasses
import functools
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from nao.child import ChildConfig, ChildFailure
from nao.child.discretise import NONE, discretise, num_skips, one_hot
from nao.child.mixture_config import MixtureConfig
from nao.child.mixture_trainer import MixtureTrainer, State
from nao.evaluators import memory, training
from nao.evaluators.base import Evaluation
from nao.evaluators.lessons import check_without, epochs_ahead, in_memory
from nao.evaluators.training import TrainingEvaluator
from nao.spaces import Space
from nao.spaces.conv_cell import CELLS
from nao.system import stages
from nao.types import Array

# Metrics begin with it: mean weight of an operation over the edges of a cell.
WEIGHT = "weight_"
_NAMES = {"softmax": "darts", "gumbel": "gdas"}


class MixtureEvaluator(TrainingEvaluator):
    """Measures the mixture that an architecture is derived from.

    The objective is the mixture's own, by which a run's best is that of a late epoch,
    as in DARTS. What is left of the mixture when all but the derived cell is masked is
    a metric alone: its weights have learned together with all others, and on digits it
    stays near chance while the mixture learns.

    Attributes:
        strategy: Name of the strategy that asks for what it derives.
    """

    budgets = (1.0,)
    is_noisy = False

    def __init__(
        self,
        space: Space,
        learned: training.Learned,
        config: ChildConfig | None = None,
        final: training.FinalConfig | None = None,
        devices: Sequence[jax.Device] | None = None,
        mixture: MixtureConfig | None = None,
    ):
        """Prepares the mixture of a space, see `TrainingEvaluator`.

        Raises:
            ValueError: If the space has no mixture, or nothing to choose from.
        """
        super().__init__(space, learned, config, final, devices)
        self._mixture = MixtureConfig() if mixture is None else mixture
        _check_recipe(self._config)
        self.strategy = _NAMES[self._mixture.relaxation]
        self.how_tested = training.how_trained(
            self.num_final_epochs, ", derived from a mixture", self.task.example
        )
        # Later epochs count in place of those that derived the same before.
        self.objective = dataclasses.replace(self.objective, drifts=True)
        self.metrics = None
        names = getattr(space, "operations", ())
        if names and set(names) == {NONE}:
            raise ValueError(
                "evaluator=mixture needs operations to choose from, got none but "
                f"{NONE!r}."
            )

    @functools.cached_property
    def mixture(self) -> MixtureTrainer:
        """Trains and measures the mixture."""
        device = None if self._devices is None else self._devices[0]
        return MixtureTrainer(
            self.space, self.task, self._config, self._mixture, device
        )

    def init(self, key: Array) -> State:
        """Returns the state before anything is learned."""
        return self.mixture.init(key)

    def learn(self, state: State, draw: object) -> Iterator[State]:
        """Yields the state after each epoch before a round; none after the last."""
        del draw  # a mixture learns on all architectures
        a_round, num = self._mixture.epochs_a_round, self._mixture.epochs
        for epoch in epochs_ahead(int(state["epoch"]), a_round, num):
            of_all = f"{epoch + 1} of {num}"
            stages.tell(f"learning the mixture, epoch {of_all}")
            with in_memory("The mixture"):
                state = jax.device_get(self.mixture.learn(state))
            yield state
            if not math.isfinite(state["train_loss"]):
                break

    def derive(self, state: State) -> np.ndarray:
        """Returns the architecture that the mixture is closest to, int32 [1, length].

        See `discretise`.
        """
        return discretise(self.space, state["logits"])

    def evaluate(
        self, tokens: np.ndarray, keys: Array, state: State
    ) -> Iterator[Evaluation]:
        """Yields the mixture's value once for each row, see the class.

        Args:
            tokens: int32 [num, length], what was derived.
            keys: Not read: nothing of it is random.
            state: Of `learn`.
        """
        for row in np.asarray(tokens):
            yield self._evaluate(row, state)

    def test(self, tokens: np.ndarray, key: Array, state: State) -> dict[str, float]:
        """Trains one architecture [length] from scratch and reads the test part."""
        del state  # of the mixture's weights nothing is left
        return self._tested(tokens, key)

    def _evaluate(self, row: np.ndarray, state: State) -> Evaluation:
        start, loss = time.perf_counter(), float(state["train_loss"])
        if not np.isfinite([loss, *np.ravel(state["logits"])]).all():
            epoch = int(state["epoch"])
            reason = f"training loss of the mixture is {loss} in epoch {epoch}"
            return Evaluation(None, reason=reason)
        try:
            with memory.as_failures():
                metrics = self.mixture.evaluate(state, self.mixture.mixed(state))
                alone = self.mixture.evaluate(state, one_hot(self.space, row))
        except ChildFailure as failure:
            return Evaluation(None, reason=str(failure))
        value = metrics.pop(self.objective.name)
        (arch,) = self.space.architecture(row[None])
        metrics |= {
            "train_loss": loss,
            f"cell_{self.task.objective}": alone[self.objective.name],
            "num_skips": float(num_skips(self.space, row)),
            **self._weights(state),
            **self.trainer.counts(arch),
        }
        return Evaluation(value, metrics, time.perf_counter() - start)

    def _weights(self, state: State) -> dict[str, float]:
        """Returns the mean weight of each operation, by kind of cell where it has two.

        As `weight_normal_identity`.
        """
        means = np.asarray(jax.nn.softmax(state["logits"])).mean(1)
        kinds = [f"{name}_" for name in CELLS] if len(means) > 1 else [""]
        return {
            f"{WEIGHT}{kind}{name}": float(weight)
            for kind, row in zip(kinds, means, strict=True)
            for name, weight in zip(self.space.operations, row, strict=True)
        }


def _check_recipe(config: ChildConfig) -> None:
    """Raises ValueError where the recipe of children has what no mixture knows."""
    names = ("drop_path", "dropout", "auxiliary", "specialised", "average_after")
    why = "as its search network has no such thing"
    check_without("evaluator=mixture", config, (*names, "time_limit_s"), why)
    check_without("evaluator=mixture", config, ("micro_batches",), "whole batches")
    check_without("evaluator=mixture", config, ("at_once",), "one network to learn")


def from_settings(settings: Any, space: Space) -> MixtureEvaluator:
    """Makes the evaluator of a search from `EvaluatorSettings`, its data in place.

    Raises:
        ValueError: If data, network and recipe do not fit together.
    """
    evaluator = MixtureEvaluator(
        space, *training.parts_of(settings), mixture=settings.mixture
    )
    _ = evaluator.mixture  # what does not fit is named before the search begins
    return evaluator
