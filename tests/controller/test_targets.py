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
