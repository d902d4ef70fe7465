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
    """Targets -1, 0 and 1; 0.5 is halfway from 4 to 10."""
    scale = targets.scale(np.array([1.0, 4.0, 10.0]), "rank")
    np.testing.assert_allclose(scale.to_values([-1, -0.5, 0.5, 1]), [1, 2.5, 7, 10])


def test_values_beyond_the_best_go_on_and_level_off():
    """Everything above the best measured was given its very value.

    The last step rises by 6 a target. Beyond it, 0.2 counts as 0.1, and no target as
    more than 0.2; below the first, which rises by 3, likewise.
    """
    values = np.array([1.0, 4.0, 10.0])
    scale = targets.scale(values, "rank")
    np.testing.assert_allclose(scale.to_values([1.2, 1e9]), [10.6, 11.2])
    np.testing.assert_allclose(scale.to_values([-1.2, -1e9]), [0.7, 0.4])
    scale = targets.scale(values, "rank", maximize=False)
    np.testing.assert_allclose(scale.to_values([-1.2, 0.5, 1.2]), [10.6, 2.5, 0.7])
    # Of a large pool, the outermost tenth gives the slope, not the last step alone.
    scale = targets.scale(np.append(np.arange(100.0), 1000.0), "rank")
    np.testing.assert_allclose(scale.to_values(1.2), 1000 + 0.1 * (1000 - 90) / 0.2)


@pytest.mark.parametrize("rule", ["min_max", "z_score", "rank"])
@pytest.mark.parametrize("maximize", [True, False])
def test_scales_are_monotone_and_deviations_positive_everywhere(rule, maximize, rng):
    scale = targets.scale(rng.normal(size=40).round(1), rule, maximize)
    asked = np.linspace(-6, 6, 400)
    sign = 1 if maximize else -1
    assert (sign * np.diff(scale.to_values(asked)) > 0).all()
    assert (scale.to_deviations(asked, np.full(400, 0.1)) > 0).all()
    assert (scale.error_share(asked) > 0.4).all()


def test_a_deviation_is_half_of_what_lies_around():
    """From 0.2 to 1.2 of the targets: values 5.2 to 11.2."""
    scale = targets.scale(np.array([1.0, 4.0, 10.0]), "rank")
    np.testing.assert_allclose(scale.to_deviations(0.7, 0.5), (11.2 - 5.2) / 2)


def test_an_error_has_less_room_at_the_ends():
    """As sqrt(1 - place**2): 0.8 at 0.6, and at the ends as at 0.9."""
    scale = targets.scale(np.array([1.0, 4.0, 10.0]), "rank")
    share = scale.error_share([0, 0.6, -0.6, 0.9, 1, 3])
    np.testing.assert_allclose(share, [1, 0.8, 0.8, *[np.sqrt(0.19)] * 3])
    linear = targets.scale(np.array([1.0, 4.0, 10.0]), "z_score")
    np.testing.assert_array_equal(linear.error_share([0, 3]), 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-150, 1e150, 4e307])
@pytest.mark.parametrize("rule", ["min_max", "z_score", "rank"])
def test_values_near_the_ends_of_float64_are_numbers_like_others(rule, unit):
    """Their range and their squares overflow: targets were NaN, and no fit was left."""
    plain = np.array([-4.0, -3.0, 1.0, 2.0, 4.0])
    target = targets.normalise(plain * unit, rule)
    np.testing.assert_allclose(target, targets.normalise(plain, rule))
    scale = targets.scale(plain * unit, rule)
    np.testing.assert_allclose(scale.to_values(target), plain * unit, rtol=1e-5)
    np.testing.assert_allclose(scale.to_targets(plain * unit), target, atol=1e-6)
    asked = np.array([-1e15, -2.0, 0.3, 2.0, 1e15])
    for found in (
        scale.to_values(asked),
        scale.to_deviations(asked, np.full(5, 3.0)),
        scale.to_targets([-1.7e308, 0, 1.7e308]),
    ):
        assert np.isfinite(found).all()


def test_a_scale_of_ties_keeps_sides():
    scale = targets.scale(np.ones(3), "rank")
    np.testing.assert_array_equal(scale.to_values([-1, 0, 1]), 1)
    np.testing.assert_array_equal(scale.to_deviations([-1, 0, 1], np.ones(3)), 0)
    assert scale.to_targets(0.5) < 0 < scale.to_targets(2)
