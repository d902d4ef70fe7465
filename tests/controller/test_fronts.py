import numpy as np

from nao.controller import fronts


def test_fronts_by_hand():
    """(1, 1) is dominated by (2, 1); (2, 1) stands twice, and one of them is kept."""
    scores = np.array([[1, 1], [2, 1], [0, 3], [2, 1], [3, 0]])
    np.testing.assert_array_equal(fronts.is_optimal(scores), [0, 1, 1, 0, 1])
    assert fronts.is_optimal(np.zeros((0, 2))).shape == (0,)


def test_hypervolumes_by_hand():
    """Two rectangles, 2 x 1 and 1 x 3, share 1 x 1; a box of 1 x 2 x 3."""
    reference = np.zeros(2)
    scores = np.array([[2.0, 1.0], [1.0, 3.0], [1.0, 1.0], [5.0, -1.0]])
    assert fronts.hypervolume(scores, reference) == 4
    assert fronts.hypervolume(np.array([[1.0, 2.0, 3.0]]), np.zeros(3)) == 6
    assert fronts.hypervolume(scores[3:], reference) == 0


def test_hypervolume_agrees_with_counting(rng):
    scores = rng.random((8, 3))
    points = rng.random((20_000, 3))
    inside = (points[:, None] <= scores).all(-1).any(1).mean()
    # Four standard deviations of a share of 20,000.
    assert abs(fronts.hypervolume(scores, np.zeros(3)) - inside) < 0.015


def test_directions_are_spread():
    np.testing.assert_allclose(fronts.directions(2, 3), [[0, 1], [0.5, 0.5], [1, 0]])
    weights = fronts.directions(3, 7)
    assert weights.shape == (10, 3)
    np.testing.assert_allclose(weights.sum(-1), 1)


def test_gains_are_what_a_row_adds_to_the_volume():
    rng = np.random.default_rng(0)
    for num_objectives in (2, 3):
        for num in (0, 1, 6):
            front = rng.normal(size=(num, num_objectives))
            rows = rng.normal(size=(20, num_objectives))
            reference = np.full(num_objectives, -1.0)
            before = fronts.hypervolume(front, reference)
            expected = [
                fronts.hypervolume(np.vstack([front, row]), reference) - before
                for row in rows
            ]
            found = fronts.gains(front, rows, reference)
            np.testing.assert_allclose(found, expected, atol=1e-12)
