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
    is_again = any(trial.repeats for trial in trials)
    return [
        {
            "trial": trial.index,
            "round": trial.round,
            "architecture": space.format(trial.tokens),
            objective.name: trial.value,
            **(_again(trial) if is_again else {}),
            "predicted": trial.predicted,
            **budget_of(trial),
            "seconds": trial.evaluation.seconds,
            "reason": trial.evaluation.reason,
            "metrics": dict(trial.evaluation.metrics),
            "choices": space.by_slot(trial.tokens),
        }
        for trial in trials
    ]


def _again(trial: Trial) -> dict[str, Any]:
    """Returns what all measurements of a finalist's architecture say."""
    return {"mean": trial.mean, "num_measured": len(trial.values)}


def of_best(trials: list[Trial], space: Space, goals: Goals) -> list[dict[str, Any]]:
    """Returns the few best trials, the best first, in the columns that fit a page."""
    done, objective = answers.best_first(trials, goals), goals.objective
    names = ("trial", objective.name, "mean", "seconds", "architecture")
    rows = of_trials(done[:_SHOWN], space, objective)
    return [{name: row[name] for name in names if name in row} for row in rows]


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
        slot. Where finalists were measured again, also `mean` of all measurements, and
        `num_measured`, how many that are.

        Raises:
            ImportError: If pandas is not installed.
        """
        return showing.to_frame(of_trials(self.trials, self.space, self.objective))

    def _repr_html_(self) -> str:
        best = of_best(self.trials, self.space, self.goals)
        return showing.to_html(repr(self), best)


def summed_up(trials: list[Trial], best: Trial | None) -> str:
    """Says in a few words what some trials have come to."""
    failed = sum(trial.value is None for trial in trials)
    found = f", best {best.mean:.6g} in trial {best.index}" if best else ""
    return f"{counted(len(trials), 'trial')}, {failed} failed{found}"
