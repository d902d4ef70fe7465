"""Titles above drawings."""

from matplotlib.axes import Axes

from nao.report.drawing import texts
from nao.report.drawing.palette import INK

HEIGHT = 0.35  # inches, with the space below
_SIZE, _WEIGHT = 11, "bold"  # points


def width(axes: Axes, title: str) -> float:
    """Returns how wide a title is, inches."""
    return texts.size(axes, title, _SIZE, _WEIGHT)[0]


def draw(axes: Axes, title: str) -> None:
    """Draws a title within the top of some axes, which leave `HEIGHT` for it."""
    axes.set_title(
        title,
        y=1.0,
        pad=-_SIZE,
        fontsize=_SIZE,
        fontweight=_WEIGHT,
        color=INK,
        parse_math=False,
    )
