"""What a search returns."""

import dataclasses

from nao.evaluators import Goals
from nao.runs import Trial, rows
from nao.spaces import Space


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Result(rows.Shown):
    """What a search found.

    Attributes:
        best: The best trial, by the mean where its architecture was measured several
            times; None where there was nothing to evaluate.
        trials: All trials, in the order of evaluation.
        summary: What `summary.json` holds.
        space: Space of the architectures.
        goals: What was searched for.
        was_finished: Whether the run was finished before, so that nothing was done.
    """

    best: Trial | None
    trials: list[Trial]
    summary: dict
    space: Space
    goals: Goals
    was_finished: bool = False

    def __repr__(self) -> str:
        return f"Result({rows.summed_up(self.trials, self.best)})"
