import numpy as np
import pytest

from nao.strategies import improvement


def test_expected_improvement_by_hand():
    """A mean at the best adds deviation / sqrt(2 pi); far above it, the difference."""
    gains = improvement.expected(np.array([0.0, 9.0]), np.array([2.0, 1.0]), 0.0)
    assert gains == pytest.approx([2 * 0.3989423, 9.0], rel=1e-6)


def test_what_is_certain_adds_what_it_has_above_the_best():
    gains = improvement.expected(np.array([-1.0, 1.0, 3.0]), np.zeros(3), 1.0)
    assert gains == pytest.approx([0.0, 0.0, 2.0], abs=1e-9)
