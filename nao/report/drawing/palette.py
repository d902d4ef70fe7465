"""Colours of operations: a hue for each family, a shade for each size.

An operation looks the same in every space and figure, by its name alone.
"""

import re
import zlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from matplotlib import colors

INK, GREY = "#222222", "#777777"
# The first pattern found in a name gives its hue. Most hues are those of Okabe & Ito
# (2008), which colour-blind readers tell apart; boxes are labelled anyway. A family
# has two hues where it has two kinds: plain and factorised convolutions, separable and
# dilated ones, maximum and average pooling.
_HUES = {
    r"^(none|zero|zeroize)$": "#A6A6A6",
    r"^(identity|id|skip.*)$": "#9B72C8",
    r"max_?pool": "#D55E00",
    r"pool": "#E69F00",
    r"dil|atrous": "#6FA82E",
    r"sep|depthwise|dw_|mbconv|inverted": "#009E73",
    r"\d+x\d+_\d+x\d+": "#56B4E9",
    r"conv": "#0072B2",
    # Activations stand in no figure with the families whose hues they share.
    r"tanh": "#E69F00",
    r"relu": "#0072B2",
    r"sigmoid": "#009E73",
}
_OTHER = "#CC79A7"
_SIZE = re.compile(r"(\d+)x(\d+)")
_LEAST, _MOST = 0.18, 0.74  # shares of the hue in the fill
_LARGEST = 7  # kernel with the strongest shade
_DARK = 0.42  # fills of a lower lightness take white text


class Look(NamedTuple):
    """How a box is drawn: colours of its fill, its line and its text."""

    fill: str
    line: str
    ink: str


def look(name: str) -> Look:
    """Returns how an operation is drawn; larger kernels have stronger shades."""
    fill = mix(hue(name), _strength(name))
    return Look(fill, hue(name), "white" if _lightness(fill) < _DARK else INK)


def hue(name: str) -> str:
    """Returns the colour of an operation's family."""
    lower = name.lower()
    found = (color for pattern, color in _HUES.items() if re.search(pattern, lower))
    return next(found, _OTHER)


def are_operations(names: Iterable[str]) -> bool:
    """Says whether choices are operations: one at least convolves or pools."""
    return any("conv" in name.lower() or "pool" in name.lower() for name in names)


def mix(color: str, share: float) -> str:
    """Returns a colour thinned with white; `share` is what remains of it."""
    return colors.to_hex(1 - share * (1 - np.array(colors.to_rgb(color))))


def _strength(name: str) -> float:
    """Returns the share of the hue in the fill, by the size of the kernel."""
    sizes = [int(size) for pair in _SIZE.findall(name) for size in pair]
    if sizes:
        place = (min(max(sizes), _LARGEST) - 1) / (_LARGEST - 1)
    else:
        # Names of a family without a kernel differ in shade, and keep it.
        known = hue(name) != _OTHER
        place = 0.25 if known else zlib.crc32(name.encode()) % 5 / 5
    return _LEAST + place * (_MOST - _LEAST)


def _lightness(color: str) -> float:
    """Returns how light a colour looks, from 0 to 1 (Rec. 709 weights)."""
    return float(np.dot(colors.to_rgb(color), (0.2126, 0.7152, 0.0722)))
