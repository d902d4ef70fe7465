"""The trials of a search as rows of a table: for data frames and notebooks."""

from typing import Any

from nao.evaluators import Goals, Objective
from nao.runs import answers
from nao.runs.trial import Trial, budget_of
from nao.spaces import Space
from nao.system import showing
from nao.system.showing import counted

_SHOWN = 5  # trials of a notebook's table


def of_trials(
    trials: list[Trial], space: Space, objective: Objective
) -> list[dict[str, Any]]:
    """Returns a row for each trial: what it was, what came of it, and its choices."""
    return [
        {
            "trial": trial.index,
            "round": trial.round,
            "architecture": space.format(trial.tokens),
            objective.name: trial.value,
            "predicted": trial.predicted,
            **budget_of(trial),
            "seconds": trial.evaluation.seconds,
            "reason": trial.evaluation.reason,
            "metrics": dict(trial.evaluation.metrics),
            "choices": space.by_slot(trial.tokens),
        }
        for trial in trials
    ]


def of_best(
    trials: list[Trial], space: Space, objective: Objective
) -> list[dict[str, Any]]:
    """Returns the few best trials, the best first, in the columns that fit a page."""
    done = answers.measured(trials)
    done.sort(key=lambda trial: -objective.sign * trial.value)
    names = ("trial", objective.name, "seconds", "architecture")
    rows = of_trials(done[:_SHOWN], space, objective)
    return [{name: row[name] for name in names} for row in rows]


class Shown:
    """Shows the trials of a search, which a class that extends this one has.

    Attributes:
        trials: All trials, in the order of evaluation.
        space: Space of the architectures.
        goals: What was searched for.
    """

    trials: list[Trial]
    space: Space
    goals: Goals

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
        return showing.to_frame(of_trials(self.trials, self.space, self.objective))

    def _repr_html_(self) -> str:
        allowed = answers.allowed(self.trials, self.goals)
        best = of_best(allowed, self.space, self.objective)
        return showing.to_html(repr(self), best)


def summed_up(trials: list[Trial], best: Trial | None) -> str:
    """Says in a few words what some trials have come to."""
    failed = sum(trial.value is None for trial in trials)
    found = f", best {best.value:.6g} in trial {best.index}" if best else ""
    return f"{counted(len(trials), 'trial')}, {failed} failed{found}"
