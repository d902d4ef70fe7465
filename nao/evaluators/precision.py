"""Measured values as text, to the digits that the data can tell."""

import math

from nao.system.showing import counted

_SMALL, _LARGE = 1e-6, 1e9  # beyond these, numbers are written as 1.2e+09


def standard_error(accuracy: float, num: int) -> float:
    """Returns how far off an accuracy of `num` images may be, a fraction.

    Half the width of Wilson's interval for one standard error (Wilson, 1927), which is
    the plain `sqrt(p (1 - p) / num)` for many images, and stays above 0 where all or
    none of them were right.

    Args:
        accuracy: Share of images that were right.
        num: How many images there were.
    """
    variance = accuracy * (1 - accuracy) / num + 1 / (4 * num**2)
    return math.sqrt(variance) / (1 + 1 / num)


def short(value: float, num: int | None = None) -> str:
    """Writes a value in few digits.

    Args:
        value: The value.
        num: Images that it is the accuracy of, which rounds it to the first digit of
            its standard error; None for any other number, which gets six digits.
    """
    if not is_accuracy(value, num):
        return f"{value:g}"
    return f"{value:.{decimals(standard_error(value, num))}f}"


def in_full(value: float, num: int | None = None) -> str:
    """Writes a value with its standard error, as 0.992 ± 0.005 of 384 images.

    Args:
        value: The value.
        num: Images that it is the accuracy of; None for any other number.
    """
    if not is_accuracy(value, num):
        return short(value)
    return f"{estimate(value, standard_error(value, num))} of {counted(num, 'image')}"


def estimate(mean: float, error: float) -> str:
    """Writes a number and how far off it may be, to the first digit of that.

    Where the error is none, or the numbers have many zeros, in six digits instead.
    """
    is_plain = _SMALL < error < _LARGE and abs(mean) < _LARGE
    if not is_plain or error < 1e-6 * abs(mean):
        return f"{mean:g} ± {error:.1g}"
    digits = decimals(error)
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def decimals(error: float) -> int:
    """Returns how many decimals a number has that may be off by so much, above 0."""
    return max(0, -math.floor(math.log10(error)))


def is_accuracy(value: float, num: int | None) -> bool:
    """Says whether a value is a share of images, of which there are `num`."""
    return bool(num) and 0 <= value <= 1
