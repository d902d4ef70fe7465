"""Durations in words."""

import pytest

from nao.system import durations


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.0, "0 s"), (1e-6, "< 0.01 ms"), (4.9e-5, "0.049 ms"), (1e-3, "1 ms")),
        *((0.031, "31 ms"), (0.0999, "0.1 s"), (0.234, "0.23 s"), (14.2, "14 s")),
        (1234.5, "1234 s"),
    ],
)
def test_two_digits_in_the_unit_that_fits(seconds, text):
    """Tables had 4.9e-05 seconds."""
    assert durations.short(seconds) == text
