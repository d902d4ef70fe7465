"""Evaluators that learn as a search goes on, such as one whose children share weights.

Their state is learned once before each round, from the state before and from what the
strategy has been told. Checkpoints hold it; where they are lost it is learned anew from
the search's beginning, with the same result.
"""

from typing import Any

import jax

from nao.evaluators import Evaluator
from nao.runs.checkpoints import Checkpoints
from nao.search.rounds import Progress, Proposer
from nao.types import PyTree


class Learner:
    """The state of an evaluator, for one round after the other.

    Attributes:
        state: What it was before the round that was last prepared; None for an
            evaluator that learns nothing.
    """

    def __init__(
        self, evaluator: Evaluator, proposer: Proposer, checkpoints: Checkpoints
    ):
        """Begins with nothing learned."""
        self.state: PyTree | None = None
        self._evaluator, self._proposer = evaluator, proposer
        self._checkpoints = checkpoints
        self._learns = hasattr(evaluator, "learn")
        # Before the rounds that are not learned from yet, oldest first.
        self._ahead: list[Progress] = []
        self._last = -1  # trials told before the round prepared last

    def pass_by(self, progress: Progress) -> None:
        """Notes how far the search was before a round that is over."""
        if self._learns and progress.num_told > self._last:
            self._ahead.append(progress)
            self._last = progress.num_told

    def prepare(self, progress: Progress) -> None:
        """Brings the state to where it is before the next round."""
        self.pass_by(progress)
        if not self._ahead:
            return
        left = []
        while self._ahead:
            kept = self._checkpoints.restore_learned(self._ahead[-1].num_told)
            if kept is not None:
                self.state = kept
                break
            left.append(self._ahead.pop())
        self._ahead = []
        for before in reversed(left):
            self._learn(before)

    def _learn(self, before: Progress) -> None:
        if self.state is None:
            self.state = self._evaluator.init(self._proposer.evaluator_key)
        # As a process that only tells the same rounds has it.
        told = before.state._replace(predicted=None, model=None)
        draw = self._proposer.strategy.draw(told)
        # On the host, as a checkpoint gives it back.
        self.state = jax.device_get(self._evaluator.learn(self.state, draw))

    @property
    def arguments(self) -> dict[str, Any]:
        """What `evaluate` is told besides: the state, where there is one."""
        return {"state": self.state} if self._learns else {}
