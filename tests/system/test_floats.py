"""Means and deviations near the ends of float64."""

import numpy as np
import pytest

from nao.system import floats


@pytest.mark.parametrize("unit", [1e-310, 1e-150, 1.0, 1e150, 4e307])
def test_mean_and_deviation_have_the_unit_of_the_values(unit):
    """Of 1, 2 and 4: 7 / 3, and the root of (16 + 1 + 25) / 9 / 2."""
    values = np.array([1.0, 2.0, 4.0]) * unit
    assert floats.mean(values) == pytest.approx(7 / 3 * unit, rel=1e-12, abs=0)
    assert floats.deviation(values) == pytest.approx(
        (42 / 18) ** 0.5 * unit, rel=1e-12, abs=0
    )


def test_ordinary_numbers_are_as_numpy_has_them():
    values = np.array([0.1, 0.7, 93.2])
    assert floats.mean(values) == values.mean()
    assert floats.deviation(values) == values.std(ddof=1)


def test_a_deviation_beyond_float64_is_inf():
    assert floats.deviation(np.array([-1.7e308, 1.7e308])) == np.inf


def test_unknown_values_are_passed_over():
    assert floats.unit(np.array([np.nan, 1.0])) == 1.0
    assert floats.unit(np.array([])) == 1.0
