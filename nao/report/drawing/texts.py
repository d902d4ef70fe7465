"""How much space texts take."""

from matplotlib.axes import Axes


def size(
    axes: Axes, text: str, points: float, weight: str = "normal"
) -> tuple[float, float]:
    """Returns width and height of a text, inches.

    Args:
        axes: Axes of a figure with an Agg canvas.
        text: The text, of one line or several.
        points: Size of its font.
        weight: Weight of its font.
    """
    figure = axes.figure
    probe = figure.text(
        0, 0, text, fontsize=points, fontweight=weight, parse_math=False
    )
    extent = probe.get_window_extent(figure.canvas.get_renderer())
    probe.remove()
    return extent.width / figure.dpi, extent.height / figure.dpi
