import numpy as np
import pytest

from nao.controller import targets


def test_min_max_by_hand():
    np.testing.assert_allclose(targets.normalise([3, 1, 2], "min_max"), [1, 0, 0.5])


def test_z_score_by_hand():
    """Mean 2, standard deviation 1."""
    np.testing.assert_allclose(targets.normalise([1, 3, 1, 3], "z_score"), [-1, 1] * 2)


def test_rank_by_hand():
    """Places 0, 1, 2 of 2 are -1, 0, 1; the two that share 0 and 1 stand at 0.5."""
    np.testing.assert_allclose(targets.normalise([5, 9, 7], "rank"), [-1, 1, 0])
    np.testing.assert_allclose(targets.normalise([5, 5, 7], "rank"), [-0.5, -0.5, 1])


@pytest.mark.parametrize("num", [0, 1, 3])
@pytest.mark.parametrize(
    ("rule", "middle"), [("min_max", 0.5), ("z_score", 0), ("rank", 0)]
)
def test_ties_get_the_middle_of_the_scale(rule, middle, num):
    actual = targets.normalise(np.full(num, 91.5), rule)
    np.testing.assert_array_equal(actual, np.full(num, middle, np.float32))
    assert actual.dtype == np.float32


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="Unknown target 'best'; known: min_max"):
        targets.normalise([1, 2], "best")
    with pytest.raises(ValueError, match="objective must be finite"):
        targets.normalise([1, np.nan], "rank")


@pytest.mark.parametrize("rule", ["min_max", "z_score", "rank"])
@pytest.mark.parametrize("maximize", [True, False])
def test_scales_map_targets_back_to_values(rule, maximize):
    values = np.array([3.0, 1.0, 7.0, 3.0, 2.0])
    scale = targets.scale(values, rule, maximize)
    target = targets.normalise(values if maximize else -values, rule)
    np.testing.assert_allclose(scale.to_values(target), values, rtol=1e-5)
    np.testing.assert_allclose(scale.to_targets(values), target, atol=1e-5)
    # Beyond the pool too, on the side where it belongs.
    for beyond in (0.0, 9.0):
        there = scale.to_targets(beyond)
        if rule != "rank":
            np.testing.assert_allclose(scale.to_values(there), beyond, atol=1e-4)
        assert (there > target.max()) == ((beyond > 7) == maximize)


def test_a_rank_is_a_quantile():
    """Targets -1, 0 and 1; nothing lies beyond the worst and the best."""
    scale = targets.scale(np.array([1.0, 4.0, 10.0]), "rank")
    np.testing.assert_allclose(scale.to_values([-2, -0.5, 0.5, 2]), [1, 2.5, 7, 10])
    scale = targets.scale(np.array([1.0, 4.0, 10.0]), "rank", maximize=False)
    np.testing.assert_allclose(scale.to_values([-2, 0.5, 2]), [10, 2.5, 1])


def test_a_scale_of_ties_keeps_sides():
    scale = targets.scale(np.ones(3), "rank")
    np.testing.assert_array_equal(scale.to_values([-1, 0, 1]), 1)
    assert scale.to_targets(0.5) < 0 < scale.to_targets(2)
