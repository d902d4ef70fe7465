"""Measured values as text, to the digits that the data can tell."""

import math

from nao.system.showing import counted

_SMALL, _LARGE = 1e-6, 1e9  # beyond these, numbers are written as 1.2e+09


def standard_error(share: float, num: int) -> float:
    """Returns how far off a share of `num` examples may be, a fraction.

    Half the width of Wilson's interval for one standard error (Wilson, 1927), which is
    the plain `sqrt(p (1 - p) / num)` for many examples, and stays above 0 where all or
    none of them were right.

    Args:
        share: Share of examples, such as those that were right.
        num: How many examples there were.
    """
    variance = share * (1 - share) / num + 1 / (4 * num**2)
    return math.sqrt(variance) / (1 + 1 / num)


def short(value: float, num: int | None = None) -> str:
    """Writes a value in few digits.

    Args:
        value: The value.
        num: Examples that it is a share of, which rounds it to the first digit of its
            standard error; None for any other number, which gets six digits.
    """
    if not is_share(value, num):
        return f"{value:g}"
    return f"{value:.{decimals(standard_error(value, num))}f}"


def in_full(value: float, num: int | None = None, example: str = "example") -> str:
    """Writes a value with its standard error, as 0.992 ± 0.005 of 384 images.

    Args:
        value: The value.
        num: Examples that it is a share of; None for any other number.
        example: What one of them is called.
    """
    if not is_share(value, num):
        return short(value)
    found = estimate(value, standard_error(value, num))
    return f"{found} of {counted(num, example)}"


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


def is_share(value: float, num: int | None) -> bool:
    """Says whether a value is a share of examples, of which there are `num`."""
    return bool(num) and 0 <= value <= 1
