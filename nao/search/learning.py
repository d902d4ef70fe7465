"""Evaluators that learn as a search goes on, such as one whose children share weights.

Their state is learned once for each round, from the state before, what the strategy has
been told and what it asks for. Checkpoints hold it; where they are lost it is learned
anew from the search's beginning, with the same result.
"""

import time
from typing import Any, NamedTuple

import jax
import numpy as np

from nao.evaluators import Evaluator
from nao.runs.checkpoints import Checkpoints
from nao.runs.lessons import Lessons
from nao.search.rounds import Progress, Proposer
from nao.strategies import Round
from nao.types import PyTree


class _Lesson(NamedTuple):
    """What is learned from for a round: how far the search was, and what it asked."""

    progress: Progress
    asked: np.ndarray


class Learner:
    """Asks for rounds, and brings an evaluator to where it is to measure them.

    Attributes:
        state: What the evaluator has learned for the round that was last asked; None
            of one that learns nothing.
        seconds: That its lessons took, in this process.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        proposer: Proposer,
        checkpoints: Checkpoints,
        lessons: Lessons,
    ):
        """Begins with nothing learned."""
        self._lessons = lessons
        self.state: PyTree | None = None
        self.seconds = 0.0
        self._evaluator, self._proposer = evaluator, proposer
        self._checkpoints = checkpoints
        self._learns = hasattr(evaluator, "learn")
        self._derives = hasattr(evaluator, "derive")
        self._ahead: list[_Lesson] = []  # not learned yet, oldest first
        self._last = -1  # trials told before the round noted last

    def ask(self, progress: Progress) -> Round:
        """Returns the round that follows, asked now or before.

        A round cut short by a crash or a budget was asked for already. Asking again
        gives the same, and takes a fit.
        """
        asked = self._checkpoints.restore(progress.num_told)
        is_new = asked is None
        if self._derives:  # what it chooses is what is asked for
            self._prepare(progress, progress.pending[:0])
        if is_new:
            asked = self._proposer.ask(self._guided(progress))
        if not len(asked.tokens):
            return asked
        self._prepare(progress, asked.tokens)
        if is_new:
            self._checkpoints.save(progress.num_told, asked, self.state)
        return asked

    def pass_by(self, progress: Progress, asked: np.ndarray) -> None:
        """Notes how far the search was before a round that is over, and the round."""
        if self._learns and progress.num_told > self._last:
            self._ahead.append(_Lesson(progress, asked))
            self._last = progress.num_told

    def catch_up(self, progress: Progress, num_trials: int) -> None:
        """Brings the state to where it was in the last round, whole or not.

        Args:
            progress: Of the whole rounds.
            num_trials: All trials, those of a round that the budget cut short too.
        """
        if self._learns and num_trials > progress.num_told:
            self.ask(progress)
        self._learn_ahead()

    def _learn_ahead(self) -> None:
        """Learns for all rounds that were noted."""
        left = []
        while self._ahead:
            kept = self._checkpoints.restore_learned(self._ahead[-1].progress.num_told)
            if kept is not None:
                self.state = kept
                break
            left.append(self._ahead.pop())
        self._ahead = []
        for lesson in reversed(left):
            self._learn(lesson)

    def _prepare(self, progress: Progress, asked: np.ndarray) -> None:
        """Brings the state to where it is for the next round."""
        self.pass_by(progress, asked)
        self._learn_ahead()

    def _guided(self, progress: Progress) -> Progress:
        """Tells the strategy what the evaluator would choose, where it would."""
        if not self._derives:
            return progress
        derived = np.asarray(self._evaluator.derive(self.state), np.int32)
        return progress._replace(state=progress.state._replace(derived=derived))

    def _learn(self, lesson: _Lesson) -> None:
        start = time.perf_counter()
        if self.state is None:
            self.state = self._evaluator.init(self._proposer.evaluator_key)
        # As a process that only tells the same rounds has it.
        told = lesson.progress.state._replace(predicted=None, model=None, derived=None)
        draw = self._proposer.strategy.draw(told, lesson.asked)
        begun = self._lessons.restore(lesson.progress.num_told)
        self.state = self.state if begun is None else begun
        for state in self._evaluator.learn(self.state, draw):
            # On the host, as a checkpoint gives it back.
            self.state = jax.device_get(state)
            self._lessons.save(lesson.progress.num_told, self.state)
        self.seconds += time.perf_counter() - start

    @property
    def arguments(self) -> dict[str, Any]:
        """What `evaluate` is told besides: the state, where there is one."""
        return {"state": self.state} if self._learns else {}
