"""Figures as files."""

import os
import pathlib

import matplotlib
from matplotlib.figure import Figure

_DPI = 150


def save(figure: Figure, path: str | os.PathLike) -> tuple[pathlib.Path, pathlib.Path]:
    """Writes a figure as SVG and PNG; the same figure gives the same bytes.

    Args:
        figure: The figure.
        path: Path without the suffix; missing folders are made.

    Returns:
        The two paths, `.svg` and `.png`.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `with_suffix`, which would cut a name such as `run.v2`.
    svg, png = (path.with_name(path.name + suffix) for suffix in (".svg", ".png"))
    with matplotlib.rc_context({"svg.hashsalt": "nao", "svg.fonttype": "path"}):
        figure.savefig(svg, metadata={"Date": None, "Creator": None})
        figure.savefig(png, dpi=_DPI, metadata={"Software": None})
    return svg, png
