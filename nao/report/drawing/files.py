"""Figures as files and as text, in the same bytes each time."""

import io
import os
import pathlib

import matplotlib
from matplotlib.figure import Figure

_DPI = 150
# Ids in an SVG are random without a salt; text as paths looks the same everywhere.
_SETTINGS = {"svg.hashsalt": "nao", "svg.fonttype": "path"}


def save(figure: Figure, path: str | os.PathLike) -> tuple[pathlib.Path, pathlib.Path]:
    """Writes a figure as SVG and PNG; the same figure gives the same bytes.

    Args:
        figure: The figure.
        path: Path without the suffix; missing folders are made.

    Returns:
        The two paths, `.svg` and `.png`.

    Raises:
        OSError: If a file or folder can't be written.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `with_suffix`, which would cut a name such as `run.v2`.
    svg, png = (path.with_name(path.name + suffix) for suffix in (".svg", ".png"))
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(svg, metadata={"Date": None, "Creator": None})
        figure.savefig(png, dpi=_DPI, metadata={"Software": None})
    return svg, png


def to_svg(figure: Figure) -> str:
    """Returns a figure as SVG without a background, for a page of any colour."""
    text = io.StringIO()
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(
            text,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None},
        )
    return text.getvalue()
