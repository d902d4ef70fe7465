"""One evaluated architecture of a search."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from nao.evaluators import Evaluation
from nao.spaces import Choice
from nao.system import floats, showing


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Trial:
    """One evaluated architecture.

    Attributes:
        index: Position in the order of evaluation, from 0.
        round: Round it was asked in, from 0.
        round_size: Size of that whole round, whatever the budget left of it.
        tokens: int32 [length].
        evaluation: What came of it.
        predicted: What the strategy predicted for it, in the strategy's own unit; None
            where it was proposed at random.
        choices: Its choices by slot name, of the types that the space has them in.
        budget: What it was measured with, of the budgets that the evaluator lists; None
            where nothing was said of budgets.
        is_full: Whether that was the full one: no other competes for the best.
        cost: What that cost, in full evaluations.
        repeats: Further measurements of its architecture with the full budget, oldest
            first: those of a finalist, which are no trials of their own.
        drifts: Whether only the last of all these counts, see `Objective`.
    """

    index: int
    round: int
    round_size: int
    tokens: np.ndarray
    evaluation: Evaluation
    predicted: float | None = None
    choices: Mapping[str, Choice] = dataclasses.field(default_factory=dict)
    budget: float | None = None
    is_full: bool = True
    cost: float = 1.0
    repeats: tuple[Evaluation, ...] = ()
    drifts: bool = False

    @property
    def value(self) -> float | None:
        """The objective as measured; None where the evaluation failed."""
        return self.evaluation.value

    @property
    def values(self) -> tuple[float, ...]:
        """All that was measured of its architecture, the trial's own value first."""
        measured = (self.evaluation, *self.repeats)
        return tuple(each.value for each in measured if each.value is not None)

    @property
    def mean(self) -> float | None:
        """What counts: the mean of `values`, the last of those that drift; or None."""
        if self.drifts and self.values:
            return self.values[-1]
        if len(self.values) > 1:
            return floats.mean(np.array(self.values))
        return self.value

    @property
    def whole_cost(self) -> float:
        """What the trial and its repeats cost, a full evaluation each of these."""
        return self.cost + len(self.repeats)

    @property
    def has_failed_again(self) -> bool:
        """Whether a further measurement failed, so that it is no finalist."""
        return any(repeat.value is None for repeat in self.repeats)

    def __repr__(self) -> str:
        reason = self.evaluation.reason
        outcome = f"failed: {reason}" if reason else f"value {self.value:.6g}"
        if len(self.values) > 1:
            what = "the last" if self.drifts else "mean"
            outcome += f", {what} of {len(self.values)} {self.mean:.6g}"
        if not self.is_full:
            outcome += f" with budget {self.budget:g}"
        return f"Trial({self.index}, {outcome}, round {self.round})"

    def _repr_html_(self) -> str:
        evaluation = self.evaluation
        row = {
            "value": self.value,
            **({"mean": self.mean} if self.repeats else {}),
            "round": self.round,
            **budget_of(self),
            "seconds": evaluation.seconds,
            **evaluation.metrics,
        }
        row |= {"reason": evaluation.reason} if evaluation.reason else {}
        return showing.to_html(f"Trial {self.index}", [row])


def budget_of(trial: Trial) -> dict[str, float]:
    """Returns budget and cost of a trial by name; nothing where none was said."""
    if trial.budget is None:
        return {}
    return {"budget": trial.budget, "cost": trial.cost}
