import numpy as np
import pytest

from nao import spaces
from nao.evaluators import Objective, TableEvaluator
from nao.evaluators.oracle import Oracle

SPACE = spaces.custom({"a": ("x", "y"), "b": ("1", "2")})
ROWS = np.concatenate(list(SPACE.enumerate()))


def oracle(budget, maximize=True):
    values = [(0.5, 0.4), (0.7, 0.6), (0.6, 0.9), (0.8, None)]
    table = {row.tobytes(): value for row, value in zip(ROWS, values, strict=True)}
    objective = Objective("acc", maximize)
    return Oracle(TableEvaluator(SPACE, objective, table, "test", 0, ""), budget)


def test_repeated_queries_are_free():
    account = oracle(2)
    np.testing.assert_array_equal(account.query(ROWS[[0, 1, 0]]), [0.5, 0.7, 0.5])
    np.testing.assert_array_equal(account.query(ROWS[:2]), [0.5, 0.7])
    assert len(account.rows) == 2


def test_a_query_over_budget_is_refused_whole():
    account = oracle(2)
    account.query(ROWS[:1])
    with pytest.raises(RuntimeError, match="budget is 2 queries: 1 spent, 2 more"):
        account.query(ROWS[1:3])
    assert len(account.rows) == 1


def test_lower_is_better_where_the_table_says_so():
    np.testing.assert_array_equal(oracle(4, maximize=False).query(ROWS[:1]), [-0.5])


def test_test_numbers_are_those_of_the_best_so_far_and_come_once():
    """The best: row 0, then 1, which row 2 does not beat; row 3 has no test number."""
    account = oracle(4)
    account.query(ROWS)
    np.testing.assert_array_equal(account.release(), [0.4, 0.6, 0.6, np.nan])
    with pytest.raises(RuntimeError, match="given away once"):
        account.release()
    with pytest.raises(RuntimeError, match="no query after that"):
        account.query(ROWS)


def test_budgets_are_parts_of_a_query():
    """Early values cost a quarter, and their test values are nobody's."""
    tokens = next(SPACE.enumerate())[:2]
    keys = SPACE.keys(tokens)
    table = {key: (float(i), 10.0 * i) for i, key in enumerate(keys)}
    early = {keys[0]: 7.0, keys[1]: 8.0}
    evaluator = TableEvaluator(
        SPACE, Objective("score"), table, "test", 0, "", partial={1.0: early}, full=4.0
    )
    asked = Oracle(evaluator, 1.5)
    np.testing.assert_array_equal(asked.query(tokens, np.array([1.0, 1.0])), [7, 8])
    with pytest.raises(
        RuntimeError, match=r"budget is 1\.5 queries: 0\.5 spent, 2 more"
    ):
        asked.query(tokens, np.array([4.0, 4.0]))
    np.testing.assert_array_equal(asked.query(tokens[1:], np.array([4.0])), [1])
    assert asked.costs == [0.25, 0.25, 1.0]
    np.testing.assert_array_equal(asked.release(), [np.nan, np.nan, 10])
