"""Measured values as text, to the digits that the data can tell."""

import math

from nao.system.showing import counted


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
    return f"{value:.{_decimals(value, num)}f}" if num else f"{value:g}"


def in_full(value: float, num: int | None = None) -> str:
    """Writes a value with its standard error, as 0.992 ± 0.005 of 384 images.

    Args:
        value: The value.
        num: Images that it is the accuracy of; None for any other number.
    """
    if not num:
        return short(value)
    error = standard_error(value, num)
    digits = f"{error:.{_decimals(value, num)}f}"
    return f"{short(value, num)} ± {digits} of {counted(num, 'image')}"


def _decimals(accuracy: float, num: int) -> int:
    """Returns the place of the first digit of an accuracy's standard error."""
    return max(0, -math.floor(math.log10(standard_error(accuracy, num))))
