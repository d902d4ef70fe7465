"""The drawing of an architecture: one panel per cell, or a table of its slots."""

from collections.abc import Hashable, Sequence

import networkx as nx
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nao.report import slots
from nao.report.drawing.panel import Panel
from nao.report.drawing.slot_table import SlotTable
from nao.spaces import Space

# Inches.
_MARGIN = 0.15
_PANEL_GAP = 0.5
MAX_WIDTH = 16.0  # of panels side by side; where they need more, they are stacked


def draw_architecture(
    space: Space, tokens: np.ndarray, max_width: float = MAX_WIDTH
) -> Figure:
    """Draws an architecture, one panel per cell, data flowing downwards.

    Operations are boxes, nodes are circles with their number. Those on no path from an
    input to an output are pale, as they have no effect on the output. A space made of
    slots alone says nothing of what feeds what: it is drawn as a table, a row for each
    slot, with what was chosen filled.

    Args:
        space: The architecture's space.
        tokens: int32 [length], valid in `space`.
        max_width: Width, in inches, beyond which panels are stacked.

    Returns:
        A figure sized to its content, free of pyplot's global state.

    Raises:
        ValueError: If `tokens` is not one valid architecture of `space`.
    """
    tokens = np.asarray(tokens)
    if tokens.shape != (space.length,) or not space.is_valid(tokens[None])[0]:
        raise ValueError(
            f"tokens must be one valid architecture of {space.name!r}, "
            f"{space.length} ids, got {tokens.tolist()}."
        )
    figure = Figure()
    FigureCanvasAgg(figure)
    if slots.is_made_of_slots(space):
        panels = [SlotTable(figure, space, tokens)]
    else:
        panels = _cell_panels(figure, space.graph(tokens))
    _arrange(figure, panels, max_width)
    for panel in panels:
        panel.draw()
    return figure


def _cell_panels(figure: Figure, graph: nx.DiGraph) -> list[Panel]:
    """Lays out a panel for each cell, in their order."""
    cells = dict.fromkeys(cell for _, cell in graph.nodes(data="cell"))
    return [
        Panel(figure, graph.subgraph(_nodes_of(graph, cell)).copy(), cell)
        for cell in cells
    ]


def _arrange(
    figure: Figure, panels: Sequence[Panel | SlotTable], max_width: float
) -> None:
    """Sizes the figure; sets panels side by side, or stacks them beyond `max_width`."""
    widths, heights = zip(*[(p.width, p.height) for p in panels], strict=True)
    gaps = _PANEL_GAP * (len(panels) - 1)
    beside = sum(widths) + gaps + 2 * _MARGIN <= max_width
    width = (sum(widths) + gaps if beside else max(widths)) + 2 * _MARGIN
    height = (max(heights) if beside else sum(heights) + gaps) + 2 * _MARGIN
    figure.set_size_inches(width, height)
    left, top = _MARGIN, height - _MARGIN
    for panel in panels:
        start = left if beside else (width - panel.width) / 2
        box = (start, top - panel.height, panel.width, panel.height)
        panel.axes.set_position(np.array(box) / (width, height, width, height))
        if beside:
            left += panel.width + _PANEL_GAP
        else:
            top -= panel.height + _PANEL_GAP


def _nodes_of(graph: nx.DiGraph, cell: str) -> list[Hashable]:
    return [node for node, of in graph.nodes(data="cell") if of == cell]
