import numpy as np

from nao.evaluators import Constraint, Goals, Objective
from nao.strategies import sorting

TWO = (Objective("a"), Objective("b"))


def test_fronts_come_one_after_the_other():
    """Rows 0, 1 and 4 are the front, 2 is dominated by 1, and 3 by 2."""
    scores = np.array([[0, 3], [2, 2], [1, 1], [0, 0], [3, 0]], float)
    order = sorting.front_order(scores).tolist()
    assert set(order[:3]) == {0, 1, 4} and order[3:] == [2, 3]
    assert set(sorting.front_order(scores, 1)) == {0, 1, 4}
    np.testing.assert_array_equal(sorting.front_order(scores[:, :1]), [4, 1, 2, 0, 3])


def test_crowding_by_hand():
    """Ranges are 4: row 1 lies between 0 and 2, (2 + 2) / 4; row 2, (3 + 3) / 4."""
    front = np.array([[0, 4], [1, 3], [2, 2], [4, 0]], float)
    found = sorting.crowding_distances(front)
    np.testing.assert_allclose(found, [np.inf, 1.0, 1.5, np.inf])
    assert (sorting.crowding_distances(np.ones((3, 2)))[[0, 2]] == np.inf).all()


def test_bounds_come_before_objectives_and_failures_last():
    goals = Goals(TWO, (Constraint("b", at_least=2.0),))
    values = np.array([[9, 0], [9, 1], [1, 2], [2, 3], [np.nan, np.nan]], float)
    np.testing.assert_allclose(sorting.broken_by(values, goals)[:4], [1, 0.5, 0, 0])
    fitness = sorting.fitness(values, goals)
    np.testing.assert_array_equal(np.argsort(fitness), [4, 0, 1, 2, 3])
    assert fitness[4] == -np.inf
