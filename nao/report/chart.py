"""A chart as inline SVG, coloured by the page's style sheet.

Drawn in units of a phone's pixels, so that its text is legible there, and scaled up on
larger screens. A mark's `data-trial` attribute is the key by which the page's script
finds its tooltip and its row of the table: the number of a trial, or
`latent_map.key_of` for an ascent.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from nao.report import ticks
from nao.report.markup import Child, Element, element

WIDTH, HEIGHT = 440, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 22, 42
_RADIUS, _RING = 3.5, 6.5  # of dots, and of circles around them


class Chart:
    """Axes and marks; positions are in the unit of the data.

    In the methods that draw, `name` is the CSS class of the mark, which the style sheet
    colours, and `trial` its `data-trial` attribute.

    Attributes:
        svg: The chart as an element.
    """

    def __init__(
        self,
        title: str,
        x: tuple[float, float],
        y: tuple[float, float],
        labels: tuple[str, str] = ("", ""),
        height: int = HEIGHT,
        whole_x: bool = False,
    ):
        """Draws the axes.

        Args:
            title: What the chart shows, for readers who don't see it.
            x: Ends of the horizontal axis.
            y: Ends of the vertical axis.
            labels: Of both axes; without a label an axis has no ticks.
            height: Height, in the unit of `WIDTH`.
            whole_x: Whether the horizontal axis counts: its ticks are whole numbers,
                the first and the last among them.
        """
        self._x, self._y, self._height = _widened(x), _widened(y), height
        left = _LEFT if labels[1] else _RIGHT
        self._left, self._right = left, WIDTH - _RIGHT
        self._top, self._bottom = _TOP, height - (_BOTTOM if labels[0] else _RIGHT)
        self.svg = element(
            "svg",
            {
                "viewBox": f"0 0 {WIDTH} {height}",
                "role": "img",
                "aria-label": title,
                "class": "chart",
            },
        )
        self._draw_axes(labels, whole_x)

    def _draw_axes(self, labels: tuple[str, str], whole_x: bool) -> None:
        x_label, y_label = labels
        if y_label:
            for value, text in ticks.plain(self._y, 7):
                y = self.y(value)
                self._add("line", "grid", x1=self._left, x2=self._right, y1=y, y2=y)
                self._text(text, self._left - 7, y + 4, "tick end")
            self._text(y_label, 4, 13, "label")
        if x_label:
            shown = ticks.whole(self._x) if whole_x else ticks.plain(self._x, 7)
            for value, text in shown:
                self._text(text, self.x(value), self._bottom + 17, "tick")
            middle = (self._left + self._right) / 2
            self._text(x_label, middle, self._height - 6, "label middle")
            ends = {"x1": self._left, "x2": self._right}
            self._add("line", "axis", **ends, y1=self._bottom, y2=self._bottom)

    def x(self, value: float) -> float:
        """Returns where a value lies from the left, in the unit of `WIDTH`."""
        low, high = self._x
        share = (value - low) / (high - low)
        return round(self._left + share * (self._right - self._left), 1)

    def y(self, value: float) -> float:
        """Returns where a value lies from the top, in the unit of `WIDTH`."""
        low, high = self._y
        share = (value - low) / (high - low)
        return round(self._bottom - share * (self._bottom - self._top), 1)

    def dot(
        self,
        x: float,
        y: float,
        name: str,
        trial: int | str | None = None,
        shade: float | None = None,
    ) -> None:
        """Draws a dot; `shade` mixes two colours, from 0, worst or early, to 1."""
        style = None if shade is None else f"--shade:{100 * shade:.0f}%"
        place = {"cx": self.x(x), "cy": self.y(y), "r": _RADIUS}
        self._add("circle", name, trial=trial, style=style, **place)

    def cross(self, x: float, name: str, trial: int) -> None:
        """Draws a cross on the lower edge."""
        self._mark(x, "M-4 -4L4 4M-4 4L4 -4", name, trial)

    def arrow(self, x: float, name: str, trial: int, upwards: bool) -> None:
        """Draws an arrowhead on the edge beyond which a value lies."""
        path = "M-4 4L0 -3L4 4Z" if upwards else "M-4 -4L0 3L4 -4Z"
        self._mark(x, path, name, trial, at_top=upwards)

    def line(
        self,
        x: Sequence[float],
        y: Sequence[float],
        name: str,
        trial: int | str | None = None,
    ) -> None:
        """Draws a line through points."""
        points = zip(map(self.x, x), map(self.y, y), strict=True)
        text = " ".join(f"{a},{b}" for a, b in points)
        self._add("polyline", name, trial, points=text)

    def note(self, x: float, y: float, text: str, name: str) -> None:
        """Writes a text that ends at a point, above it or, near the top, below."""
        top = self.y(y)
        self._text(text, self.x(x), top - 6 if top > self._top + 8 else top + 16, name)

    def places(self, points: np.ndarray) -> np.ndarray:
        """Returns where points [num, 2] lie, in the unit of `WIDTH`."""
        return np.array([(self.x(a), self.y(b)) for a, b in points])

    def ring(self, x: float, y: float, name: str, trial: int | str) -> None:
        """Draws a circle that has space for a dot inside."""
        self._add("circle", name, trial, cx=self.x(x), cy=self.y(y), r=_RING)

    def pointer(
        self, start: np.ndarray, end: np.ndarray, name: str, trial: int | str
    ) -> None:
        """Draws an arrow from a point [2] to the ring around another."""
        tail, tip = self.places(np.stack([start, end]))
        length = np.hypot(*(tip - tail))
        x, y = tip - (tip - tail) * (min(_RING + 4, length) / (length or 1.0))
        angle = np.degrees(np.arctan2(*(tip - tail)[::-1]))
        path, move = "M4 0L-5 -4.5L-3 0L-5 4.5Z", f"translate({x:.1f} {y:.1f})"
        self._add(
            "polyline", name, trial, points=f"{tail[0]},{tail[1]} {x:.1f},{y:.1f}"
        )
        turn = f"{move} rotate({angle:.0f})"
        self._add("path", f"{name} end", trial, d=path, transform=turn)

    def star(self, x: float, y: float, name: str, trial: int) -> None:
        """Draws a star of five points."""
        angles = np.pi * (np.arange(10) / 5 - 0.5)
        radii = np.where(np.arange(10) % 2, 3.6, 8.4)
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points) + "Z"
        move = f"translate({self.x(x)} {self.y(y)})"
        self._add("path", name, trial=trial, d=path, transform=move)

    def steps(self, x: Sequence[float], y: Sequence[float], name: str) -> None:
        """Draws level steps: value `i` of y reaches from `x[i]` to `x[i + 1]`."""
        self.line(np.repeat(x, 2)[1:-1], np.repeat(y, 2), name)

    def band(self, x: tuple[float, float], name: str) -> None:
        """Shades what lies between two values."""
        left, right = map(self.x, x)
        place = {"x": left, "width": round(right - left, 1), "y": self._top}
        self._add("rect", name, **place, height=self._bottom - self._top)

    def _mark(
        self, x: float, path: str, name: str, trial: int, at_top: bool = False
    ) -> None:
        """Draws a path, given around its own origin, on the lower or upper edge."""
        y = self._top + 6 if at_top else self._bottom - 7
        move = f"translate({self.x(x)} {y})"
        self._add("path", name, trial=trial, d=path, transform=move)

    def _text(self, text: str, x: float, y: float, name: str) -> None:
        at = {"x": round(x, 1), "y": round(y, 1), "class": name}
        self.svg.append(element("text", at, text))

    def _add(
        self, tag: str, name: str, trial: int | str | None = None, **attributes
    ) -> None:
        common = {"class": name, "data-trial": trial}  # `element` leaves None out
        self.svg.append(element(tag, common | attributes))


def figure(chart: Chart, caption: str, *keys: tuple[str, str]) -> Element:
    """Returns a chart with a caption and a legend.

    Args:
        chart: The chart.
        caption: What to see in it.
        keys: The legend: CSS class of a mark, and what it stands for.
    """
    legend: list[Child] = [
        element("span", {"class": "key"}, element("i", {"class": name}), text)
        for name, text in keys
    ]
    shown = element("p", {"class": "legend"}, *legend) if legend else None
    text = element("figcaption", {}, caption)
    return element("figure", {}, chart.svg, shown, text)


def extent(values: Iterable[float], margin: float = 0.06) -> tuple[float, float]:
    """Returns ends of an axis around all values; `margin` is a share of their range."""
    values = np.asarray(list(values), np.float64)
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    pad = margin * (high - low) or 0.1 * abs(high) or 1.0
    return low - pad, high + pad


def _widened(ends: tuple[float, float]) -> tuple[float, float]:
    """Returns ends of an axis as they are, but never at the same place."""
    low, high = ends
    return (low, high) if high > low else (low - 0.5, high + 0.5)
