"""The children of a search: trained in groups, wholly or in part, and gone on with."""

import time
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from nao.child.programs import TrainState
from nao.child.training import ChildFailure, ChildTrainer, Outcome
from nao.evaluators import memory
from nao.evaluators.base import Evaluation
from nao.evaluators.unfinished import Unfinished
from nao.types import Array


class SearchedChildren:
    """Trains the children of a search and reads the validation part."""

    def __init__(self, trainer: ChildTrainer, objective: str):
        """Begins without any.

        Args:
            trainer: Who trains them.
            objective: Name of the measure that is the objective.
        """
        self._trainer, self._objective = trainer, objective
        self._unfinished = Unfinished()

    def evaluate(
        self, archs: np.ndarray, keys: Array, stops: Sequence[int]
    ) -> Iterator[Evaluation]:
        """Yields one evaluation per architecture; a bad child is a failed one.

        Args:
            archs: int32 [num, ...], as `space.architecture` has them.
            keys: JAX keys [num].
            stops: Epochs that each is to be trained for.
        """
        # One after the other, so that each group is known, and kept, before the next.
        for group, done in self._groups(archs, keys, stops):
            stop = stops[group.start]
            yield from self._evaluate_group(archs[group], keys[group], done, stop)

    def _groups(
        self, archs: np.ndarray, keys: Array, stops: Sequence[int]
    ) -> Iterator[tuple[slice, int]]:
        """Yields rows to train at once, from the same epoch to the same epoch.

        And the epochs that they are trained for already.
        """
        start, at_once = 0, self._trainer.num_children
        while start < len(archs):
            rows = range(start, min(start + at_once, len(archs)))
            spans = [(self._done(archs[i], keys[i], stops[i]), stops[i]) for i in rows]
            num = next((i for i, s in enumerate(spans) if s != spans[0]), len(spans))
            yield slice(start, start + num), spans[0][0]
            start += num

    def _done(self, arch: np.ndarray, key: Array, stop: int) -> int:
        found = self._unfinished.find(_name(arch, key), stop - 1)
        return 0 if found is None else found[0]

    def _evaluate_group(
        self, archs: np.ndarray, keys: Array, done: int, stop: int
    ) -> list[Evaluation]:
        """Trains architectures at once, as many as the trainer can or fewer.

        Args:
            archs: int32 [num, ...], as `space.architecture` has them.
            keys: JAX keys [num].
            done: Epochs that they are trained for already.
            stop: Epochs after which to stop.
        """
        start_time = time.perf_counter()
        try:
            with memory.as_failures():
                start = self._take_up(archs, keys, done)
                states, outcomes = self._trainer.train(
                    keys, archs, start=start, stop=stop
                )
                self._put_by(archs, keys, states, stop)
                if not all(outcome.failure for outcome in outcomes):
                    measured = self._trainer.evaluate(states, archs, "val")
                    outcomes = [
                        old
                        if old.failure
                        else Outcome(old.metrics | new.metrics, new.failure)
                        for old, new in zip(outcomes, measured, strict=True)
                    ]
        # Children of a group are one program, so they run out of memory together.
        except ChildFailure as failure:
            outcomes = [Outcome({}, str(failure))] * len(archs)
        seconds = time.perf_counter() - start_time
        return as_evaluations(self._trainer, self._objective, archs, outcomes, seconds)

    def _take_up(
        self, archs: np.ndarray, keys: Array, done: int
    ) -> tuple[int, TrainState] | None:
        """Returns epochs and states to go on from; None to begin anew."""
        if not done:
            return None
        names = [_name(arch, key) for arch, key in zip(archs, keys, strict=True)]
        found = [self._unfinished.find(name, done) for name in names]
        return done, self._trainer.together([state for _, state in found])

    def _put_by(
        self, archs: np.ndarray, keys: Array, states: TrainState, stop: int
    ) -> None:
        """Keeps children that may go on; of several hosts' devices none sees all."""
        if stop == self._trainer.config.epochs or jax.process_count() > 1:
            return
        apart = self._trainer.apart(states, len(archs))
        for arch, key, state in zip(archs, keys, apart, strict=True):
            self._unfinished.keep(_name(arch, key), stop, state)


def as_evaluations(
    trainer: ChildTrainer,
    objective: str,
    archs: np.ndarray,
    outcomes: Sequence[Outcome],
    seconds: float,
) -> list[Evaluation]:
    """Returns what became of architectures as evaluations, their costs added.

    Args:
        trainer: Counts the costs.
        objective: Name of the measure that is the objective.
        archs: int32 [num, ...], as `space.architecture` has them; at least one.
        outcomes: Of each.
        seconds: What all took together.
    """
    # Each is charged its share, so that the seconds of all add up to the clock's.
    share, evaluations = seconds / len(archs), []
    for arch, outcome in zip(archs, outcomes, strict=True):
        metrics = dict(outcome.metrics)
        # None where it failed. Costs are exact, and known of failed ones, too.
        value = metrics.pop(objective, None)
        metrics |= trainer.counts(arch)
        evaluations.append(Evaluation(value, metrics, share, outcome.failure))
    return evaluations


def _name(arch: np.ndarray, key: Array) -> bytes:
    """Names a child by all that its training depends on."""
    return arch.tobytes() + np.asarray(jax.random.key_data(key)).tobytes()
