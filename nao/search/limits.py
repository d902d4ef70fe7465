"""How far a search may go, and what its evaluations cost, in full ones."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nao.evaluators import Evaluator
from nao.evaluators.base import ROUNDING
from nao.runs.trial import Trial
from nao.spaces import Space
from nao.strategies import Round


class Limits(NamedTuple):
    """What a search may spend.

    Attributes:
        num_trials: Evaluations of any budget.
        max_cost: Full evaluations that all of them may cost together; 0 for any.
        num_finalists: How many of the best are measured again; 1 for none.
    """

    num_trials: int
    max_cost: float = 0.0
    num_finalists: int = 1

    @property
    def max_trials_cost(self) -> float:
        """What trials may cost together: finalists cost one full evaluation each."""
        if not self.max_cost or self.num_finalists == 1:
            return self.max_cost
        return self.max_cost - self.num_finalists

    def are_reached(self, before: Mapping[str, Any], num: int) -> bool:
        """Says whether an earlier process did all trials that are allowed.

        Args:
            before: What `summary.json` holds; empty without one.
            num: Trials that there are: more than the summary counts are of a process
                that was killed since.
        """
        if not before.get("finished") or before.get("num_trials") != num:
            return False
        if before.get("exhausted") or num >= self.num_trials:
            return True
        # The round that its bound on cost cut short would be cut short again.
        given = before.get("max_cost", 0.0), before.get("num_finalists", 1)
        most = Limits(num, *given).max_trials_cost if before.get("is_spent") else 0.0
        return 0 < self.max_trials_cost <= most

    def num_of(self, costs: np.ndarray, num_told: int, spent: float) -> int:
        """Returns how many evaluations of a round there may be, its first ones.

        Args:
            costs: What each of the round costs, float64 [num].
            num_told: Evaluations before the round.
            spent: What those have cost.
        """
        num = min(len(costs), self.num_trials - num_told)
        if not self.max_cost:
            return num
        after = spent + np.cumsum(costs)
        return min(num, int((after <= self.max_trials_cost + ROUNDING).sum()))


def spent_on(trials: list[Trial]) -> float:
    """Returns what trials have cost, in full evaluations, finalists' repeats aside."""
    return sum(trial.cost for trial in trials)


def costs(
    evaluator: Evaluator, asked: Round, trials: list[Trial], space: Space
) -> np.ndarray:
    """Returns what each architecture of a round costs, float64 [num].

    Args:
        evaluator: Who measures; one that lists budgets says what each costs.
        asked: The round.
        trials: All trials told before it: a training may go on from where it was.
        space: Space of the architectures.
    """
    if asked.budgets is None:
        return np.ones(len(asked.tokens))
    before = _largest_budgets(trials, space)
    pairs = zip(space.keys(asked.tokens), asked.budgets.tolist(), strict=True)
    return np.array([evaluator.cost(b, before.get(key, 0.0)) for key, b in pairs])


def _largest_budgets(trials: list[Trial], space: Space) -> dict[bytes, float]:
    """Returns the largest budget of what was measured, by `space.keys`."""
    found: dict[bytes, float] = {}
    for key, trial in zip(_keys(space, trials), trials, strict=True):
        if trial.value is not None and trial.budget is not None:
            found[key] = max(trial.budget, found.get(key, 0.0))
    return found


def draws(asked: Round, trials: list[Trial], space: Space) -> np.ndarray:
    """Returns the number of the random draw of each evaluation of a round, int [num].

    It is the index of the trial, so that a repeated architecture gets a new draw and
    one that is evaluated again after a crash the same. At a larger budget it is that
    of the architecture's first trial, whose training goes on.
    """
    indices = len(trials) + np.arange(len(asked.tokens))
    if asked.budgets is None:
        return indices
    keys = reversed(list(enumerate(_keys(space, trials))))
    first = {key: index for index, key in keys}
    pairs = zip(space.keys(asked.tokens), indices.tolist(), strict=True)
    return np.array([first.get(key, index) for key, index in pairs], int)


def _keys(space: Space, trials: list[Trial]) -> list[bytes]:
    rows = np.array([trial.tokens for trial in trials], np.int32)
    return space.keys(rows.reshape(-1, space.length))
