"""The drawing of one cell: boxes, circles and the edges between them."""

import itertools
import textwrap
from collections.abc import Hashable

import networkx as nx
from matplotlib import patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path

from nao.report.drawing import layout, palette, texts
from nao.report.drawing import title as title_lib
from nao.report.drawing.palette import GREY, INK, Look

# Inches, font sizes in points.
_FONT_SIZE = 9
_LABEL_WIDTH = 32  # characters, longer labels are wrapped
_PADDING = 0.08  # between a text and its box
_GAP = 0.16  # between boxes of a layer
_LAYER_GAP, _MAX_LAYER_GAP = 0.3, 0.6
_CROSSING_GAP = 0.08  # more for each crossing
_ARROW = (0.07, 0.08)  # width and length of its head

# Of what is no operation: a fill, a line and the text.
_LOOKS = {
    "input": Look("#E6E6E6", GREY, INK),
    "output": Look("#4D4D4D", "#4D4D4D", "white"),
    "node": Look("white", INK, INK),
}


class Panel:
    """One cell: its axes, whose unit is the inch, and where everything stands.

    Attributes:
        axes: What is drawn on; whoever arranges the panels sets its position.
        width: Width that the cell needs, inches.
        height: Height that the cell needs, inches.
    """

    def __init__(self, figure: Figure, graph: nx.DiGraph, title: str):
        """Lays out a cell, without drawing it.

        Args:
            figure: Figure that the panel is added to, with an Agg canvas.
            graph: The cell, as part of what `Space.graph` returns.
            title: Text above the cell.
        """
        self.axes: Axes = figure.add_axes((0, 0, 1, 1))
        self.axes.axis("off")
        self._graph = graph
        self._title = title
        self._active = _active(graph)
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
        title_width = title_lib.width(self.axes, title)
        self.width = max(self._layout.width, title_width)
        self.height = y + title_lib.HEIGHT
        left = (self._layout.width - self.width) / 2
        self.axes.set_xlim(left, left + self.width)
        self.axes.set_ylim(y, -title_lib.HEIGHT)

    def draw(self) -> None:
        """Draws title, edges and boxes."""
        title_lib.draw(self.axes, self._title)
        # Pale edges first, so that the others lie on top.
        for edge in sorted(self._graph.edges, key=self._active.issuperset):
            self._draw_edge(edge)
        for node in self._graph:
            self._draw_box(node)

    def _size(self, node: Hashable) -> tuple[float, float]:
        """Returns width and height of a node's box, inches."""
        label = self._labels[node]
        width = texts.size(self.axes, label, _FONT_SIZE)[0] + 2 * _PADDING
        # Any text of as many lines, so that all boxes of a line have one height.
        lines = "\n".join(["lp"] * len(label.splitlines()))
        height = texts.size(self.axes, lines, _FONT_SIZE)[1] + 2 * _PADDING
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
        name = self._graph.nodes[node]["label"]
        fill, line, ink = _LOOKS.get(kind) or palette.look(name)
        if node not in self._active:
            fill, line, ink = palette.mix(fill, 0.35), palette.mix(line, 0.35), GREY
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
        color = GREY if {source, target} <= self._active else "#C8C8C8"
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
