"""One self-contained HTML page about a search: `report.html` in its folder.

Its figures are inline SVG and its script a hundred lines, so the page weighs a few
hundred kilobytes, opens without a network, follows the reader's light or dark theme,
and says all it has to say where scripts are off.
"""

import importlib.resources
import os
import pathlib

from nao.report import answer, blocks, figures, hover, latent_map, sections
from nao.report.latent_map import LatentMap
from nao.report.markup import Element, data_script, element, to_html
from nao.report.run import Run

NAME = "report.html"


def write_page(run: Run) -> pathlib.Path:
    """Writes the page into the run's folder.

    Returns:
        Its path.

    Raises:
        ValueError: If it can't be written.
    """
    path = run.path / NAME
    temporary = path.with_name(f".{NAME}.tmp")
    try:
        # A path may hold bytes that are no text.
        temporary.write_text(to_html(to_element(run)), "utf-8", "replace")
        os.replace(temporary, path)
    except OSError as error:
        raise ValueError(f"{path} can't be written: {error.strerror}.") from None
    return path


def to_element(run: Run) -> Element:
    """Returns the page as an element."""
    latent, no_map = None, "Nothing is evaluated yet."
    if run.best is not None:
        try:
            latent = latent_map.explore(run)
        except ValueError as error:
            no_map = str(error)
    parts = [
        answer.header(run),
        answer.answer(run),
        _figures(run, latent, no_map),
        sections.trials(run),
        sections.failures(run),
        sections.times(run),
        sections.reproduce(run),
    ]
    viewport = "width=device-width, initial-scale=1"
    title = f"{run.path.name}: search of {run.space.name}"
    return element(
        "html",
        {"lang": "en"},
        element(
            "head",
            {},
            element("meta", {"charset": "utf-8"}),
            element("meta", {"name": "viewport", "content": viewport}),
            element("meta", {"name": "color-scheme", "content": "light dark"}),
            element("link", {"rel": "icon", "href": "data:,"}),
            element("title", {}, title),
            element("style", {}, _text_of("page.css")),
        ),
        element(
            "body",
            {},
            element("main", {}, *parts),
            element("div", {"id": "tip", "role": "status", "hidden": "hidden"}),
            data_script("notes", hover.notes(run, latent)),
            element("script", {}, _text_of("page.js")),
        ),
    )


def _figures(run: Run, latent: LatentMap | None, no_map: str) -> Element | None:
    """Returns the charts that there is something to draw in; None without trials."""
    if not run.trials:
        return None
    predicted, ranks = figures.predictions(run), figures.correlation(run)
    untold = (
        None
        if predicted is not None
        else element(
            "p",
            {"class": "note"},
            "Nothing was predicted for these trials, so there is no prediction to "
            "compare with what was measured.",
        )
    )
    return element(
        "div",
        {"class": "grid"},
        blocks.section("Progress", figures.progress(run)),
        blocks.section(
            "Map of the embeddings",
            None if latent is None else latent_map.draw(latent, run),
            element("p", {"class": "note"}, no_map) if latent is None else None,
        ),
        blocks.section("Predicted against measured", predicted, untold),
        blocks.section("Rank correlation per round", ranks) if ranks else None,
    )


def _text_of(name: str) -> str:
    return (importlib.resources.files("nao.report") / name).read_text("utf-8")
