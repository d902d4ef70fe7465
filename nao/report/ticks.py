"""Where the ticks of an axis stand, and what is written at them."""

import numpy as np
from matplotlib import ticker


def whole(ends: tuple[float, float]) -> list[tuple[float, str]]:
    """Returns the first and last whole number inside an axis, and round ones between.

    Of these none is so near to an end that texts would touch.
    """
    first, last = int(np.ceil(ends[0])), int(np.floor(ends[1]))
    values = [round(value) for value, _ in plain(ends, 6, is_whole=True)]
    near = 0.08 * (last - first)
    inner = [v for v in values if first + near < v < last - near]
    return [(v, f"{v}") for v in sorted({first, *inner, last})]


def plain(
    ends: tuple[float, float], num: int, is_whole: bool = False
) -> list[tuple[float, str]]:
    """Returns round numbers inside an axis, with their texts."""
    locator = ticker.MaxNLocator(num, steps=(1, 2, 5, 10), integer=is_whole)
    slack = 1e-9 * (ends[1] - ends[0])  # for the rounding of an end that is a tick
    values = [
        value
        for value in locator.tick_values(*ends)
        if ends[0] - slack <= value <= ends[1] + slack
    ]
    step = values[1] - values[0] if len(values) > 1 else 1.0
    # As many decimals as the step between ticks needs: two for 0.02.
    digits = max(0, -int(np.floor(np.log10(step) + 1e-9))) if step < 1 else 0
    if max(map(abs, values), default=0) >= 1e6 or digits > 6:
        return [(v, f"{v:.3g}") for v in values]
    # Adding zero turns -0.0 into 0.0.
    return [(v, f"{v + 0.0:.{digits}f}") for v in values]
