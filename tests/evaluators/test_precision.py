"""Values to the digits that the data can tell."""

import math

import pytest

from nao.evaluators import precision


def test_the_standard_error_is_that_of_a_binomial():
    """sqrt(0.9 * 0.1 / 10000) = 0.003; 4 right of 4 have 1 / (2 * 4) / (1 + 1 / 4)."""
    assert math.isclose(precision.standard_error(0.9, 10_000), 0.003, rel_tol=1e-3)
    assert math.isclose(precision.standard_error(1.0, 4), 0.1)
    assert precision.standard_error(0.0, 4) == precision.standard_error(1.0, 4)


@pytest.mark.parametrize(
    ("value", "num", "short", "in_full"),
    [
        (0.9921875, 384, "0.992", "0.992 ± 0.005 of 384 images"),
        (1.0, 384, "1.000", "1.000 ± 0.001 of 384 images"),
        (0.94326, 10_000, "0.943", "0.943 ± 0.002 of 10000 images"),
        (0.5, 1, "0.5", "0.5 ± 0.4 of 1 image"),
        (94.37333, None, "94.3733", "94.3733"),
        (7.0, None, "7", "7"),
        (91.6, 10_000, "91.6", "91.6"),  # of percent, which are no shares of images
        (-1.5e-9, None, "-1.5e-09", "-1.5e-09"),
    ],
)
def test_values_as_text(value, num, short, in_full):
    assert precision.short(value, num) == short
    assert precision.in_full(value, num, "image") == in_full


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (0.98765, 0.0123, "0.99 ± 0.01"),
        (123.456, 7.8, "123 ± 8"),
        (0.98765, 0.0, "0.98765 ± 0"),
        (0.98765, 1e-9, "0.98765 ± 1e-09"),
        (1e300, 1e299, "1e+300 ± 1e+299"),
        (12345.678, 2e-3, "12345.7 ± 0.002"),
    ],
)
def test_estimates_have_the_digits_that_their_error_leaves(mean, error, text):
    assert precision.estimate(mean, error) == text
