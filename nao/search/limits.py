"""How far a search may go, and what its evaluations cost, in full ones."""

from typing import NamedTuple

import numpy as np

from nao.evaluators import Evaluator
from nao.runs.ledger import Trial
from nao.spaces import Space
from nao.strategies import Round

_ROUNDING = 1e-9  # of sums of costs such as 1/9


class Limits(NamedTuple):
    """What a search may spend.

    Attributes:
        num_trials: Evaluations of any budget.
        max_cost: Full evaluations that all of them may cost together; 0 for any.
    """

    num_trials: int
    max_cost: float = 0.0

    def num_of(self, costs: np.ndarray, trials: list[Trial]) -> int:
        """Returns how many evaluations of a round there may be, its first ones.

        Args:
            costs: What each of the round costs, float64 [num].
            trials: All trials told before the round.
        """
        num = min(len(costs), self.num_trials - len(trials))
        if not self.max_cost:
            return num
        spent = spent_on(trials) + np.cumsum(costs)
        return min(num, int((spent <= self.max_cost + _ROUNDING).sum()))


def spent_on(trials: list[Trial]) -> float:
    """Returns what trials have cost, in full evaluations."""
    return sum(trial.cost for trial in trials)


def costs(
    evaluator: Evaluator, asked: Round, trials: list[Trial], space: Space
) -> np.ndarray:
    """Returns what each architecture of a round costs, float64 [num].

    Args:
        evaluator: Who measures; one that lists budgets says what each costs.
        asked: The round.
        trials: All trials told before it: what was trained for a while goes on.
        space: Their space.
    """
    if asked.budgets is None:
        return np.ones(len(asked.tokens))
    before = {
        key: trial.budget
        for key, trial in zip(_keys(space, trials), trials, strict=True)
        if trial.value is not None and trial.budget is not None
    }
    pairs = zip(space.keys(asked.tokens), asked.budgets.tolist(), strict=True)
    return np.array([evaluator.cost(b, before.get(key, 0.0)) for key, b in pairs])


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
