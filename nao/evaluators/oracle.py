"""A table with a budget of queries: all that a benchmark lets a strategy see."""

from collections.abc import Sequence

import numpy as np

from nao.evaluators.base import ROUNDING
from nao.evaluators.table import TableEvaluator
from nao.system.showing import counted


class Oracle:
    """Answers distinct queries up to a budget, and hands out test numbers once.

    Distinct means distinct sequences: each has a row of its own in the table, also
    where several compute the same function. At another budget it is another query.

    Attributes:
        evaluator: The table.
        budget: What distinct queries may cost together, in full evaluations.
        rows: Those asked for so far, int32 [length] each, in order.
        costs: What each of them cost, in full evaluations.
        spent: What all of them cost together.
    """

    def __init__(self, evaluator: TableEvaluator, budget: float):
        """Starts with the whole budget unspent."""
        self.evaluator, self.budget = evaluator, budget
        self.rows: list[np.ndarray] = []
        self.costs: list[float] = []
        self.spent = 0.0
        # By `space.keys` and budget, in the order of `rows`.
        self._values: dict[tuple[bytes, float | None], float] = {}
        self._is_closed = False

    def query(
        self, tokens: np.ndarray, budgets: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns objectives, higher is better, NaN where the table has none.

        Args:
            tokens: int32 [num, length]; a row asked for before costs nothing.
            budgets: What each is measured with, float64 [num]; None for the full one.

        Returns:
            float64 [num].

        Raises:
            RuntimeError: If that costs more than the budget allows, or test numbers
                were handed out already.
        """
        # Whoever has seen test numbers could search by them.
        if self._is_closed:
            raise RuntimeError("The test numbers are out: no query after that.")
        given = [None] * len(tokens) if budgets is None else budgets.tolist()
        keys = list(zip(self.evaluator.space.keys(tokens), given, strict=True))
        # A round may hold a row twice, which costs one query.
        distinct = dict(zip(keys, np.asarray(tokens, np.int32), strict=True))
        new = {k: row for k, row in distinct.items() if k not in self._values}
        # Before the first is looked up: a refused query costs and shows nothing.
        costs = [self._cost(budget) for _, budget in new]
        if self.spent + sum(costs) > self.budget + ROUNDING:
            raise RuntimeError(
                f"The budget is {counted(self.budget, 'query', 'queries')}: "
                f"{self.spent:g} spent, {sum(costs):g} more asked for."
            )
        self.costs.extend(costs)
        self.spent += sum(costs)
        if new:
            self._look_up(list(new), np.stack(list(new.values())))
        return np.array([self._values[key] for key in keys])

    def _cost(self, budget: float | None) -> float:
        return 1.0 if budget is None else self.evaluator.cost(budget, 0.0)

    def _look_up(
        self, keys: Sequence[tuple[bytes, float | None]], rows: np.ndarray
    ) -> None:
        given = [budget for _, budget in keys]
        budgets = None if None in given else np.array(given)
        # A table has no randomness and ignores the keys.
        outcomes = self.evaluator.evaluate(rows, np.zeros(len(rows)), budgets)
        sign = self.evaluator.objective.sign
        for key, row, outcome in zip(keys, rows, outcomes, strict=True):
            self.rows.append(row)
            failed = outcome.value is None
            self._values[key] = np.nan if failed else sign * outcome.value

    def release(self) -> np.ndarray:
        """Closes the oracle; returns, per query, the best's test value up to there.

        The best is that of the objective, of the full budget; its test value plays no
        part in the choice.

        Returns:
            float64 [num queries], in the table's own unit; NaN before anything
            succeeded and where the table has no test number.

        Raises:
            RuntimeError: If the oracle was closed before.
        """
        if self._is_closed:
            raise RuntimeError("Test numbers are given away once.")
        self._is_closed = True
        tests, best, test = [], -np.inf, np.nan
        for (key, budget), row in zip(self._values, self.rows, strict=True):
            # NaN, a failed one, is never above; of equal ones the first found stays.
            value = self._values[key, budget]
            if budget in (None, self.evaluator.full) and value > best:
                found = self.evaluator.test(row, None)
                best, test = value, next(iter(found.values()), np.nan)
            tests.append(test)
        return np.array(tests)
