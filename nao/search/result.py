"""What a search returns."""

import dataclasses
from typing import Any

from nao.evaluators import Goals, Objective
from nao.runs import Trial, answers, rows
from nao.spaces import Space
from nao.system import showing


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What a search found.

    Attributes:
        best: The best trial; None where there was nothing to evaluate.
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

    @property
    def objective(self) -> Objective:
        """What was measured, the first of several objectives."""
        return self.goals.objective

    @property
    def front(self) -> list[Trial]:
        """The trials that no other one dominates, within the bounds.

        From best to worst in the first objective; with one objective the best alone.
        """
        return answers.front_of(self.trials, self.goals)

    def to_dataframe(self) -> Any:
        """Returns all trials as a `pandas.DataFrame`.

        A row for each: `trial`, `round`, `architecture`, the objective by its name,
        `predicted` (in the strategy's own unit), `seconds`, `reason` (empty unless it
        failed), a column `metrics.<name>` for each metric and `choices.<slot>` for each
        slot.

        Raises:
            ImportError: If pandas is not installed.
        """
        return showing.to_frame(rows.of_trials(self.trials, self.space, self.objective))

    def __repr__(self) -> str:
        return f"Result({rows.summed_up(self.trials, self.best)})"

    def _repr_html_(self) -> str:
        allowed = answers.allowed(self.trials, self.goals)
        best = rows.of_best(allowed, self.space, self.objective)
        return showing.to_html(repr(self), best)
