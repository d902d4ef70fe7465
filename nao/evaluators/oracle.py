"""A table that is paid by the query: what a benchmark lets a strategy see."""

import numpy as np

from nao.evaluators.table import TableEvaluator


class Oracle:
    """Answers up to a budget of distinct queries, and gives test numbers away once.

    Attributes:
        evaluator: The table.
        budget: Largest number of distinct architectures that may be asked for.
        rows: Those asked for so far, int32 [length] each, in order.
    """

    def __init__(self, evaluator: TableEvaluator, budget: int):
        """Starts an empty account."""
        self.evaluator, self.budget = evaluator, budget
        self.rows: list[np.ndarray] = []
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
                given away already.
        """
        if self._is_closed:
            raise RuntimeError("The test numbers are out: no query after that.")
        keys = self.evaluator.space.keys(tokens)
        distinct = dict(zip(keys, np.asarray(tokens, np.int32), strict=True))
        new = {k: row for k, row in distinct.items() if k not in self._values}
        if len(self.rows) + len(new) > self.budget:
            raise RuntimeError(
                f"The budget is {self.budget} queries; {len(self.rows)} are spent and "
                f"{len(new)} more were asked for."
            )
        if new:
            rows = np.stack(list(new.values()))
            # A table has no randomness; the keys are only counted.
            outcomes = self.evaluator.evaluate(rows, np.zeros(len(rows)))
            sign = self.evaluator.objective.sign
            for key, row, outcome in zip(new, rows, outcomes, strict=True):
                self.rows.append(row)
                failed = outcome.value is None
                self._values[key] = np.nan if failed else sign * outcome.value
        return np.array([self._values[key] for key in keys])

    def release(self) -> np.ndarray:
        """Ends the account: the test number of the best so far, after every query.

        Returns:
            float64 [num queries], as in the table; NaN before anything succeeded and
            where the table has no test number.

        Raises:
            RuntimeError: If it was done before.
        """
        if self._is_closed:
            raise RuntimeError("Test numbers are given away once.")
        self._is_closed = True
        tests, best, test = [], -np.inf, np.nan
        for key, row in zip(self._values, self.rows, strict=True):
            value = self._values[key]
            if value > best:
                found = self.evaluator.test(row, None)
                best, test = value, next(iter(found.values()), np.nan)
            tests.append(test)
        return np.array(tests)
