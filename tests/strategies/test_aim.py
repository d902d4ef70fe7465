import numpy as np
import pytest

from nao.evaluators import Constraint, Goals, Objective
from nao.strategies import aim

TWO = (Objective("a"), Objective("b"))
TOKENS = np.arange(4)[:, None]


def make(values, objectives=TWO, constraints=(), known_fn=None):
    goals = Goals(objectives, constraints, known_fn)
    return aim.Aim(goals, np.array(values, float), "rank")


def order(made, mean, num, errors=0.0):
    """Orders candidates, all of them expected as surely."""
    mean = np.array(mean, float)
    std = np.full_like(mean, errors)
    rng = np.random.default_rng(0)
    return made.order(rng, TOKENS[: len(mean)], mean, std, num).tolist()


def test_gains_by_hand():
    """Worst measured 0 and 0, best 1 and 1: the reference is (-0.1, -0.1).

    The front (0, 1), (1, 0) holds 1.1 * 1.1 - 1 = 0.21. To it (1, 1) adds 1, (2, 0)
    adds 1 * 0.1; after (1, 1), (0, 1) adds nothing and (2, 0) still 0.1.
    """
    measured = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    predicted = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 1.0]])
    reference, sure = np.full(2, -0.1), np.ones(3)
    found = aim.largest_gains(measured, predicted, sure, reference, 2)
    assert found.tolist() == [2, 1]
    found = aim.largest_gains(measured, predicted, sure, reference, 9)
    assert found.tolist() == [2, 1, 0]
    unlikely = np.array([1.0, 1.0, 0.01])
    found = aim.largest_gains(measured, predicted, unlikely, reference, 1)
    assert found.tolist() == [1]


def test_columns_become_ranks_and_bounds_places_among_them():
    made = make([[1, 10], [2, 30], [3, 20]], constraints=[Constraint("b", at_least=20)])
    np.testing.assert_allclose(made.learned, [[-1, -1], [0, 1], [1, 0]])
    np.testing.assert_allclose(made.bounds[0], [-np.inf, 0.0])


def test_ascents_are_spread_from_one_objective_to_the_other():
    made = make([[1, 2, 1], [2, 1, 2]], constraints=[Constraint("c", at_most=2)])
    goals = made.ascents(3)
    weights = [goal.weights.tolist() for goal in goals]
    assert sorted(weights) == [[0, 1, 0], [0.5, 0.5, 0], [1, 0, 0]]
    assert all(goal.lower[2] > -np.inf for goal in goals)
    for weight, goal in zip(weights, goals, strict=True):
        first = made.best(goal, 1).tolist()
        assert first == ([0] if weight[1] == 1 else [1] if weight[0] == 1 else first)
    single = make([[1], [2]], TWO[:1])
    assert [goal.weights.tolist() for goal in single.ascents(3)] == [[1]]


def test_what_adds_to_the_front_is_taken_first():
    made = make([[0, 2], [2, 0], [0, 0]])
    assert order(made, [[-1, -1], [1, 1], [1.5, -1]], 2) == [1, 2]


def test_known_values_take_the_place_of_predicted_ones():
    """Candidate 0 is predicted to be cheap, and known to be the worst."""

    def known(tokens):
        return {"b": np.array([0.0, 2.0])[tokens[:, 0]]}

    made = make([[0, 2], [2, 0], [1, 1]], known_fn=known)
    assert order(made, [[0.9, 1.0], [0.9, -1.0]], 1) == [1]
    assert order(make([[0, 2], [2, 0], [1, 1]]), [[0.9, 1.0], [0.9, -1.0]], 1) == [0]


def test_bounds_of_a_single_objective():
    """By the mean alone candidate 0 would be first; it hardly keeps the bound."""
    values = [[1, 1], [2, 2], [3, 3], [4, 4]]
    bound = Constraint("b", at_most=2)
    goals = make([[a, -b] for a, b in values], TWO[:1], [bound])
    predicted = [[1.0, -1.0], [0.2, 0.9], [-0.5, 0.9]]
    assert order(goals, predicted, 2, errors=0.2) == [1, 2]


@pytest.mark.parametrize("num", [1, 3])
def test_where_nothing_keeps_the_bounds_the_likeliest_are_taken(num):
    made = make([[1, 1], [2, 2]], constraints=[Constraint("b", at_least=9)])
    found = order(made, [[1, 0.0], [0, 0.5], [0, 1.0]], num, errors=0.5)
    assert len(found) == num


def test_the_front_of_a_pool_comes_first():
    made = make(
        [[0, 0], [1, 3], [2, 2], [3, 1]], constraints=[Constraint("b", at_least=1.5)]
    )
    assert made.best_first().tolist()[-2:] in ([3, 0], [0, 3])
    assert set(made.best_first()[:2].tolist()) == {1, 2}


def test_the_predictor_takes_turns_with_the_first_objective_alone():
    """It would take row 2 by its cost, which the process knows to be the worst."""
    made = make([[0, 0], [1, 0.5], [0.5, 1]])

    def expect(mean):
        mean = np.array(mean, float)
        return lambda tokens: (mean, np.zeros(mean.shape))

    process = expect([[0.5, 0.5], [3, 0.5], [0, 0]])
    predictor = expect([[4, 0], [0, 0], [1, 9]])
    expected = {"process": process, "predictor": predictor}
    rng = np.random.default_rng(0)
    by_process, by_predictor = made.orders(rng, TOKENS[:3], expected, 1)
    assert (by_process.tolist(), by_predictor.tolist()) == ([1], [0])
    (alone,) = made.orders(rng, TOKENS[:3], {"predictor": predictor}, 1)
    assert alone.tolist() == [2]
