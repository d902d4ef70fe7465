"""The drawing of an architecture of a space from slots: a row for each slot."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nao.report import slots
from nao.report.drawing import palette, texts
from nao.report.drawing import title as title_lib
from nao.report.drawing.palette import GREY, INK, Look
from nao.spaces import Space

# Inches, font sizes in points.
_FONT_SIZE = 9
_LABEL_WIDTH = 28  # characters, longer names and choices are wrapped
_PADDING = 0.08  # between a text and its box
_GAP, _ROW_GAP = 0.1, 0.1  # between boxes of a row, between rows
_NAME_GAP = 0.2  # between names and choices
_MOST_SHOWN = 8  # choices of a slot; of more, those around the chosen one
_CHOSEN = Look("#0072B2", "#0072B2", "white")
_OTHER = Look("white", "#CCCCCC", GREY)
_NAME = Look("none", "none", INK)


class SlotTable:
    """One architecture: the slots below each other, with what was chosen filled.

    Attributes:
        axes: What is drawn on, in inches; whoever arranges it sets its position.
        width: Width that the table needs, inches.
        height: Height that the table needs, inches.
    """

    def __init__(self, figure: Figure, space: Space, tokens: np.ndarray):
        """Lays out the table, without drawing it.

        Args:
            figure: Figure that it is added to, with an Agg canvas.
            space: A space from slots.
            tokens: One architecture, int32 [length].
        """
        self.axes: Axes = figure.add_axes((0, 0, 1, 1))
        self.axes.axis("off")
        self._title = space.name
        self._boxes: list[tuple[tuple[float, float, float, float], str, Look]] = []
        names = [textwrap.fill(slot.name, _LABEL_WIDTH) for slot in space.slots]
        left = max(self._size(name)[0] for name in names) + _NAME_GAP
        self.width, y = left, 0.0
        rows = zip(names, space.slots, slots.chosen(space, tokens), strict=True)
        for name, slot, index in rows:
            y = self._add_row(name, _shown(slot.choices, index), left, y)
        title_width = title_lib.width(self.axes, self._title)
        self.width = max(self.width, title_width)
        self.height = y - _ROW_GAP + title_lib.HEIGHT
        self.axes.set_xlim(0, self.width)
        self.axes.set_ylim(y - _ROW_GAP, -title_lib.HEIGHT)

    def _add_row(
        self, name: str, choices: list[tuple[str, Look]], left: float, y: float
    ) -> float:
        """Places the boxes of a slot below `y`; returns where the next one begins."""
        labels = [(textwrap.fill(text, _LABEL_WIDTH), look) for text, look in choices]
        sizes = [self._size(text) for text in (name, *(text for text, _ in labels))]
        height = max(size[1] for size in sizes)
        self._boxes.append(((0, y, sizes[0][0], height), name, _NAME))
        for (text, look), (width, _) in zip(labels, sizes[1:], strict=True):
            self._boxes.append(((left, y, width, height), text, look))
            left += width + _GAP
        self.width = max(self.width, left - _GAP)
        return y + height + _ROW_GAP

    def _size(self, text: str) -> tuple[float, float]:
        """Returns width and height of a text's box, inches."""
        width, _ = texts.size(self.axes, text, _FONT_SIZE)
        lines = "\n".join(["lp"] * len(text.splitlines()))
        height = texts.size(self.axes, lines, _FONT_SIZE)[1]
        return width + 2 * _PADDING, height + 2 * _PADDING

    def draw(self) -> None:
        """Draws title, boxes and texts."""
        title_lib.draw(self.axes, self._title)
        for (x, y, width, height), text, look in self._boxes:
            style = patches.BoxStyle.Round(pad=0, rounding_size=height * 0.25)
            box = patches.FancyBboxPatch((x, y), width, height, boxstyle=style)
            box.set(facecolor=look.fill, edgecolor=look.line, linewidth=1.0)
            box.set(clip_on=False, zorder=3)
            self.axes.add_patch(box)
            self.axes.text(
                x + width / 2,
                y + height / 2,
                text,
                ha="center",
                va="center_baseline",
                fontsize=_FONT_SIZE,
                color=look.ink,
                parse_math=False,
                zorder=4,
            )


def _shown(choices: Sequence, index: int) -> list[tuple[str, Look]]:
    """Returns the choices that are drawn, and how; the chosen one is among them."""
    names = [str(choice) for choice in choices]
    # A choice that is an operation has its colour everywhere.
    filled = palette.look(names[index]) if palette.are_operations(names) else _CHOSEN
    looks = [filled if i == index else _OTHER for i in range(len(names))]
    first = max(0, min(index - _MOST_SHOWN // 2, len(names) - _MOST_SHOWN))
    last = min(first + _MOST_SHOWN, len(names))
    found = list(zip(names, looks, strict=True))[first:last]
    before, after = _more(first), _more(len(names) - last)
    return [*before, *found, *after]


def _more(num: int) -> list[tuple[str, Look]]:
    """Returns what stands for choices that are left out; nothing for none."""
    return [(f"{num} more", _NAME._replace(ink=GREY))] if num else []
