"""A table with a budget of queries: all that a benchmark lets a strategy see."""

import numpy as np

from nao.evaluators.table import TableEvaluator
from nao.system.showing import counted


class Oracle:
    """Answers distinct queries up to a budget, and hands out test numbers once.

    Distinct means distinct sequences: each has a row of its own in the table, also
    where several compute the same function.

    Attributes:
        evaluator: The table.
        budget: Largest number of distinct architectures that may be asked for.
        rows: Those asked for so far, int32 [length] each, in order.
    """

    def __init__(self, evaluator: TableEvaluator, budget: int):
        """Starts with the whole budget unspent."""
        self.evaluator, self.budget = evaluator, budget
        self.rows: list[np.ndarray] = []
        # By `space.keys`, in the order of `rows`: dictionaries keep that of insertion.
        self._values: dict[bytes, float] = {}
        self._is_closed = False

    def query(self, tokens: np.ndarray) -> np.ndarray:
        """Returns objectives, higher is better, NaN where the table has none.

        Args:
            tokens: int32 [num, length]; a row asked for before costs nothing.

        Returns:
            float64 [num].

        Raises:
            RuntimeError: If that is more than the budget allows, or test numbers were
                handed out already.
        """
        # Whoever has seen test numbers could search by them.
        if self._is_closed:
            raise RuntimeError("The test numbers are out: no query after that.")
        keys = self.evaluator.space.keys(tokens)
        # A round may hold a row twice, which costs one query.
        distinct = dict(zip(keys, np.asarray(tokens, np.int32), strict=True))
        new = {k: row for k, row in distinct.items() if k not in self._values}
        # Before the first is looked up: a refused query costs and shows nothing.
        if len(self.rows) + len(new) > self.budget:
            raise RuntimeError(
                f"The budget is {counted(self.budget, 'query', 'queries')}: "
                f"{len(self.rows)} spent, {len(new)} more asked for."
            )
        if new:
            rows = np.stack(list(new.values()))
            # A table has no randomness and ignores the keys.
            outcomes = self.evaluator.evaluate(rows, np.zeros(len(rows)))
            sign = self.evaluator.objective.sign
            for key, row, outcome in zip(new, rows, outcomes, strict=True):
                self.rows.append(row)
                failed = outcome.value is None
                self._values[key] = np.nan if failed else sign * outcome.value
        return np.array([self._values[key] for key in keys])

    def release(self) -> np.ndarray:
        """Closes the oracle; returns, per query, the best's test value up to there.

        The best is that of the objective; its test value plays no part in the choice.

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
        for key, row in zip(self._values, self.rows, strict=True):
            # NaN, a failed one, is never above; of equal ones the first found stays.
            value = self._values[key]
            if value > best:
                found = self.evaluator.test(row, None)
                best, test = value, next(iter(found.values()), np.nan)
            tests.append(test)
        return np.array(tests)
