"""How strategies look in figures: the same in each, whatever else is in it."""

import itertools
import zlib
from collections.abc import Iterable
from typing import NamedTuple

EMPHASISED = "nao"  # drawn wider, and over the others

# Okabe & Ito (2008), told apart by the colour-blind, and two more; dashes tell those
# apart whose colour repeats.
_COLORS = (
    *("#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#7F6A4D", "#6A51A3", "#222222"),
)
_DASHES = ("-", "--", ":", "-.")
_KNOWN = {
    "nao": ("#0072B2", "-"),
    "random": ("#8A8A8A", "-"),
    "local_search": ("#D55E00", "-"),
    "evolution": ("#009E73", "-"),
    "gp": ("#CC79A7", "-"),
    "bananas": ("#E69F00", "-"),
    "forest": ("#E69F00", ":"),
    "tpe": ("#56B4E9", "-"),
    "reinforce": ("#7F6A4D", "-"),
    "seminas": ("#6A51A3", "-"),
    "nao_paper": ("#222222", "-"),
    "nao_random_candidates": ("#8A8A8A", "--"),
    "nao_no_gradient": ("#D55E00", "--"),
    "nao_whole_space": ("#009E73", "--"),
    "nao_equivalents": ("#CC79A7", "--"),
    "nao_repeats": ("#E69F00", "--"),
    "successive_halving": ("#6A51A3", "--"),
    "random_ws": ("#8A8A8A", ":"),
    "enas": ("#7F6A4D", ":"),
    "nao_ws": ("#D55E00", ":"),
    "darts": ("#56B4E9", "--"),
    "gdas": ("#56B4E9", ":"),
}


class Style(NamedTuple):
    """Colour, dashes, width in points and order of a strategy's line."""

    color: str
    dash: str
    width: float
    zorder: float

    @property
    def is_emphasised(self) -> bool:
        """Whether it is the strategy that the others are compared with."""
        return self.zorder > _plain("", "").zorder


def styles(names: Iterable[str]) -> dict[str, Style]:
    """Returns how strategies of these names are drawn, in their order.

    A name that is not known has the colour and dashes that its letters come to, or the
    next that are free in this figure.
    """
    names = list(names)
    found = {name: _KNOWN[name] for name in names if name in _KNOWN}
    looks = [*itertools.product(_DASHES, _COLORS)]
    for name in sorted(set(names) - set(found)):
        first = zlib.crc32(name.encode()) % len(looks)
        order = [(color, dash) for dash, color in [*looks[first:], *looks[:first]]]
        free = [look for look in order if look not in found.values()]
        found[name] = (free or order)[0]
    return {name: _style(name, *found[name]) for name in names}


def _style(name: str, color: str, dash: str) -> Style:
    if name == EMPHASISED:
        return Style(color, dash, width=3.0, zorder=3.0)
    return _plain(color, dash)


def _plain(color: str, dash: str) -> Style:
    return Style(color, dash, width=1.4, zorder=2.0)
