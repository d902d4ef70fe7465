"""The drawing of one cell: boxes, circles and the edges between them."""

import itertools
import textwrap
from collections.abc import Hashable

import networkx as nx
import numpy as np
from matplotlib import colors, patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path

from nao.report.drawing import layout
from nao.spaces import Space

# Okabe & Ito (2008), told apart by colour-blind readers too; boxes are labelled anyway.
_PALETTE = (
    "#0072B2",
    "#56B4E9",
    "#E69F00",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#F0E442",
)
_INK, _GREY = "#222222", "#777777"

# Inches, font sizes in points.
_FONT_SIZE, _TITLE_SIZE = 9, 11
_LABEL_WIDTH = 32  # characters, longer labels are wrapped
_PADDING = 0.08  # between a text and its box
_GAP = 0.16  # between boxes of a layer
_LAYER_GAP, _MAX_LAYER_GAP = 0.3, 0.6
_CROSSING_GAP = 0.08  # more for each crossing
_ARROW = (0.07, 0.08)  # width and length of its head
_TITLE_HEIGHT = 0.35


class Panel:
    """One cell: its axes, whose unit is the inch, and where everything stands.

    Attributes:
        axes: What is drawn on; whoever arranges the panels sets its position.
        width: Width that the cell needs, inches.
        height: Height that the cell needs, inches.
    """

    def __init__(self, figure: Figure, graph: nx.DiGraph, title: str, space: Space):
        """Lays out a cell, without drawing it.

        Args:
            figure: Figure that the panel is added to, with an Agg canvas.
            graph: The cell, as part of what `Space.graph` returns.
            title: Text above the cell.
            space: The space, whose vocabulary gives operations their colours.
        """
        self.axes: Axes = figure.add_axes((0, 0, 1, 1))
        self.axes.axis("off")
        self._graph = graph
        self._title = title
        self._active = _active(graph)
        operations = [name for name in space.vocabulary[1:] if not name.isdecimal()]
        self._colors = dict(zip(operations, _PALETTE * len(operations), strict=False))

        self._labels = {
            node: textwrap.fill(_short(label), _LABEL_WIDTH)
            for node, label in graph.nodes(data="label")
        }
        sizes = {node: self._size(node) for node in graph}
        self._sizes = sizes
        widths = {node: size[0] for node, size in sizes.items()}
        self._layout = layout.layered(graph, widths, _GAP)

        # A band holds the boxes of a layer; between bands there are only edges, and
        # the more of them cross, the more space they get.
        self._bands, y = {}, -_LAYER_GAP  # item: (top, bottom), y pointing downwards
        for layer, crossings in zip(
            self._layout.layers, self._layout.crossings(), strict=True
        ):
            y += min(_LAYER_GAP + _CROSSING_GAP * crossings, _MAX_LAYER_GAP)
            height = max(sizes[item][1] for item in layer if item in sizes)
            self._bands.update(dict.fromkeys(layer, (y, y + height)))
            y += height
        title_width = _text_size(self.axes, title, _TITLE_SIZE, "bold")[0]
        self.width = max(self._layout.width, title_width)
        self.height = y + _TITLE_HEIGHT
        left = (self._layout.width - self.width) / 2
        self.axes.set_xlim(left, left + self.width)
        self.axes.set_ylim(y, -_TITLE_HEIGHT)

    def draw(self) -> None:
        """Draws title, edges and boxes."""
        self.axes.set_title(
            self._title,
            y=1.0,
            pad=-_TITLE_SIZE,
            fontsize=_TITLE_SIZE,
            fontweight="bold",
            color=_INK,
            parse_math=False,
        )
        # Pale edges first, so that the others lie on top.
        for edge in sorted(self._graph.edges, key=self._active.issuperset):
            self._draw_edge(edge)
        for node in self._graph:
            self._draw_box(node)

    def _size(self, node: Hashable) -> tuple[float, float]:
        """Returns width and height of a node's box, inches."""
        label = self._labels[node]
        width = _text_size(self.axes, label, _FONT_SIZE)[0] + 2 * _PADDING
        # Any text of as many lines, so that all boxes of a line have one height.
        lines = "\n".join(["lp"] * len(label.splitlines()))
        height = _text_size(self.axes, lines, _FONT_SIZE)[1] + 2 * _PADDING
        return max(width, height), height  # the shortest labels stand in circles

    def _box(self, node: Hashable) -> tuple[float, float, float, float]:
        """Returns centre x, top, width and height of a node's box."""
        width, height = self._sizes[node]
        top, bottom = self._bands[node]
        return self._layout.x[node], (top + bottom - height) / 2, width, height

    def _draw_box(self, node: Hashable) -> None:
        """Draws a node's box or circle, and its label."""
        kind = self._graph.nodes[node]["kind"]
        x, top, width, height = self._box(node)
        fill, line, ink = {
            "input": ("#E6E6E6", _GREY, _INK),
            "output": ("#4D4D4D", "#4D4D4D", "white"),
            "node": ("white", _INK, _INK),
        }.get(kind) or self._operation_colors(node)
        if node not in self._active:
            fill, line, ink = _mix(fill, 0.35), _mix(line, 0.35), _GREY
        corner = (x - width / 2, top)
        rounding = height * (0.25 if kind == "operation" else 0.5)
        box = (
            patches.Ellipse((x, top + height / 2), width, height)
            if width == height
            else patches.FancyBboxPatch(
                corner,
                width,
                height,
                boxstyle=patches.BoxStyle.Round(pad=0, rounding_size=rounding),
            )
        )
        box.set(facecolor=fill, edgecolor=line, linewidth=1.0, clip_on=False, zorder=3)
        self.axes.add_patch(box)
        self.axes.text(
            x,
            top + height / 2,
            self._labels[node],
            ha="center",
            va="center_baseline",
            fontsize=_FONT_SIZE,
            color=ink,
            parse_math=False,
            zorder=4,
        )

    def _operation_colors(self, node: Hashable) -> tuple[str, str, str]:
        """Returns colours of the fill, the line and the text."""
        color = self._colors.get(self._graph.nodes[node]["label"], _PALETTE[0])
        return _mix(color, 0.3), color, _INK

    def _draw_edge(self, edge: tuple[Hashable, Hashable]) -> None:
        """Draws an edge: upright inside a band, curved from one to the next."""
        source, target = edge
        x, top, _, height = self._box(source)
        points, codes = [(x, top + height)], [Path.MOVETO]
        for before, item in itertools.pairwise(self._layout.routes[edge]):
            old, x = self._layout.x[before], self._layout.x[item]
            start, stop = self._bands[before][1], self._bands[item][0] - _ARROW[1]
            points += [(old, start), (old, stop - _LAYER_GAP / 4)]
            points += [(x, start + _LAYER_GAP / 4), (x, stop)]
            codes += [Path.LINETO, *[Path.CURVE4] * 3]
        tip = self._box(target)[1]
        points.append((x, tip - _ARROW[1]))
        codes.append(Path.LINETO)
        color = _GREY if {source, target} <= self._active else "#C8C8C8"
        line = patches.PathPatch(
            Path(points, codes), facecolor="none", edgecolor=color, linewidth=1.1
        )
        width, length = _ARROW
        corners = [(x - width / 2, tip - length), (x + width / 2, tip - length)]
        head = patches.Polygon([*corners, (x, tip)], facecolor=color, edgecolor="none")
        for patch in (line, head):
            self.axes.add_patch(patch)


def _active(graph: nx.DiGraph) -> set[Hashable]:
    """Returns the nodes on a path from an input to an output."""
    ends = {"input": set(), "output": set()}
    for node, kind in graph.nodes(data="kind"):
        if kind == "input":
            ends[kind] |= {node} | nx.descendants(graph, node)
        elif kind == "output":
            ends[kind] |= {node} | nx.ancestors(graph, node)
    return ends["input"] & ends["output"]


def _short(label: str) -> str:
    """Returns `3` for `node 3`, any other label as it is."""
    number = label.removeprefix("node ")
    return number if number.isdecimal() else label


def _mix(color: str, share: float) -> str:
    """Returns a colour thinned with white; `share` is what remains of it."""
    return colors.to_hex(1 - share * (1 - np.array(colors.to_rgb(color))))


def _text_size(
    axes: Axes, text: str, size: float, weight: str = "normal"
) -> tuple[float, float]:
    """Returns width and height of a text, inches."""
    figure = axes.figure
    probe = figure.text(0, 0, text, fontsize=size, fontweight=weight, parse_math=False)
    extent = probe.get_window_extent(figure.canvas.get_renderer())
    probe.remove()
    return extent.width / figure.dpi, extent.height / figure.dpi
