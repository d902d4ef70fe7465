"""One self-contained HTML page about a search: `report.html` in its folder.

Its figures are inline SVG and its script a hundred lines, so the page weighs a few
hundred kilobytes, opens without a network, follows the reader's light or dark theme,
and says all it has to say where scripts are off.
"""

import importlib.resources
import pathlib

from nao.files import written_whole
from nao.report import (
    answer,
    blocks,
    bounds,
    correlation,
    figures,
    finalists,
    front,
    hover,
    latent_map,
    mixture,
    predictions,
    sections,
    trial_table,
)
from nao.report.latent_map import LatentMap
from nao.report.markup import Element, data_script, element, to_html
from nao.runs import StoredRun

NAME = "report.html"
_BOUNDED = f"Values beyond {bounds.LARGEST:g} are drawn in the figures as that."


def write_page(run: StoredRun) -> pathlib.Path:
    """Writes the page into the run's folder.

    Returns:
        Its path.

    Raises:
        ValueError: If it can't be written.
    """
    path = run.path / NAME
    text = to_html(to_element(run))
    try:
        with written_whole(path) as temporary:
            # A path may hold bytes that are no text.
            temporary.write_text(text, "utf-8", "replace")
    except OSError as error:
        raise ValueError(f"{path} can't be written: {error.strerror}.") from None
    return path


def to_element(run: StoredRun) -> Element:
    """Returns the whole page as an `html` element."""
    latent, missing = _explore(run)
    parts = [
        answer.header(run),
        answer.best_architecture(run),
        finalists.table(run),
        _figures(bounds.bounded(run), latent),
        *[element("p", {"class": "note"}, _BOUNDED)] * (not bounds.is_bounded(run)),
        *[element("p", {"class": "note"}, text) for text in missing],
        front.table(run),
        trial_table.trials(run),
        sections.failures(run),
        sections.times(run),
        sections.reproduce(run),
    ]
    viewport = "width=device-width, initial-scale=1"
    title = f"{run.path.name}: {answer.title(run)}"
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
            data_script("notes", hover.tooltips(run, latent)),
            element("script", {}, _text_of("page.js")),
        ),
    )


def _figures(run: StoredRun, latent: LatentMap | None) -> Element | None:
    """Returns the charts that have something to show; None without trials."""
    if not run.trials:
        return None
    charts = {
        "Front": front.draw(run),
        "Hypervolume": front.volume(run),
        "Progress": figures.progress(run),
        "Weights of the mixture": mixture.draw(run),
        "Map of the embeddings": None
        if latent is None
        else latent_map.draw(latent, run),
        "Predicted against measured": predictions.draw(run),
        "Rank correlation per round": correlation.draw(run),
    }
    shown = [
        blocks.section(title, drawn)
        for title, drawn in charts.items()
        if drawn is not None
    ]
    return element("div", {"class": "grid"}, *shown)


def _explore(run: StoredRun) -> tuple[LatentMap | None, list[str]]:
    """Returns the latent map, None without one, and sentences on missing charts."""
    if run.best is None:
        return None, []
    missing = []
    if all(trial.predicted is None for trial in run.trials):
        missing.append(
            "Nothing was predicted for these trials, so there is nothing to compare "
            "with what was measured."
        )
    elif not predictions.in_unit(run):
        missing.append(
            "This strategy predicts in a unit of its own, so what it predicted is "
            "compared with what was measured by order alone."
        )
    try:
        return latent_map.explore(run), missing
    except ValueError as error:
        return None, [f"There is no map of the embeddings: {error}", *missing]


def _text_of(name: str) -> str:
    return (importlib.resources.files("nao.report") / name).read_text("utf-8")
