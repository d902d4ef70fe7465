"""The head of the page: what was searched, and the best architecture found."""

import base64
import pathlib
from collections.abc import Mapping

from nao.report import blocks, figures, next_steps
from nao.report.drawing import MAX_WIDTH, draw_architecture, to_svg
from nao.report.markup import Element, element
from nao.runs import StoredRun, ledger

_NARROW = "(max-width: 40rem)"  # windows in which cells are stacked
# Group and field of the config that name what each evaluator takes its values from.
_SOURCES = {
    "table": ("table", "path"),
    "training": ("data", "name"),
    "function": ("function", "name"),
}
_STATUS = {
    "finished": "finished",
    "running": "still running",
    "stopped": "cut off",
}


def header(run: StoredRun) -> Element:
    """Says what was searched, by whom, and whether it is finished."""
    budget = run.config.get("num_trials", len(run.trials))
    strategy = str(run.config.get("strategy", "")).replace("_", " ")
    return element(
        "header",
        {},
        element(
            "p",
            {"class": "status"},
            element("b", {"class": run.status}, _STATUS[run.status]),
            f" {len(run.trials)} of {budget} trials · seed {run.config.get('seed')}"
            f"{_source(run)}",
        ),
        element("h1", {}, f"{run.space.name}, searched by {strategy}"),
        *[element("p", {"class": "note"}, note) for note in run.notes],
    )


def _source(run: StoredRun) -> str:
    """Names the table, data set or function behind the values; empty if unknown."""
    group, field = _SOURCES.get(str(run.config.get("evaluator")), ("", ""))
    settings = run.config.get(group)
    # A config of the user's own may have another meaning of the same name.
    value = settings.get(field) if isinstance(settings, Mapping) else None
    return f" · {pathlib.PurePath(str(value)).name}" if value else ""


def best_architecture(run: StoredRun) -> Element:
    """Shows the best architecture, its numbers and the commands that go on from it."""
    best = run.best
    if best is None:
        found = "No trial succeeded." if run.trials else "Nothing is evaluated yet."
        return blocks.section(
            "Best architecture", element("p", {}, found), _goes_on(run)
        )
    train = next_steps.train(run)
    where = "" if next_steps.trains_its_own(run) else ", here on handwritten digits"
    return blocks.section(
        "Best architecture",
        blocks.tiles(_numbers(run, best)),
        _picture(run, best),
        element("h3", {}, "The cell as text"),
        blocks.copyable(run.space.format(best.tokens)),
        element("h3", {}, f"Train it from scratch{where}") if train else None,
        blocks.copyable(train),
        _goes_on(run),
    )


def _numbers(run: StoredRun, best: ledger.Trial) -> list[tuple[str, str]]:
    """Returns the best value, its tests and the best at random, each with its name."""
    numbers = [
        (
            figures.number(best.value),
            f"{figures.objective_name(run)}, trial {best.index}",
        ),
        *[
            (figures.number(value), f"final choice: {name.replace('_', ' ')}")
            for name, value in run.test.items()
        ],
    ]
    at_random = ledger.best_of(run.at_random, run.objective)
    if at_random is not None:
        name = f"best of {len(run.at_random)} at random"
        numbers.append((figures.number(at_random.value), name))
    return numbers


def _picture(run: StoredRun, best: ledger.Trial) -> Element:
    """Draws the architecture, its cells one below the other in a narrow window."""
    stacked, beside = drawing_uri(run, best), drawing_uri(run, best, stacked=False)
    words = f"Drawing of trial {best.index}: {run.space.format(best.tokens)}"
    return element(
        "picture",
        {},
        element("source", {"media": _NARROW, "srcset": stacked}),
        element("img", {"class": "drawing", "src": beside, "alt": words}),
    )


def _goes_on(run: StoredRun) -> Element | None:
    """Gives the command that continues a search that was cut off; None otherwise."""
    command = next_steps.continuation(run)
    if run.status != "stopped" or command is None:
        return None
    text = element("h3", {}, "Continue the search")
    return element("div", {}, text, blocks.copyable(command))


def drawing_uri(run: StoredRun, trial: ledger.Trial, stacked: bool = True) -> str:
    """Returns the drawing of a trial's architecture as a data URI.

    Args:
        run: The search.
        trial: One of its trials.
        stacked: Whether cells stand one below the other; otherwise side by side where
            they fit.
    """
    width = 0.0 if stacked else MAX_WIDTH
    figure = draw_architecture(run.space, trial.tokens, width)
    svg = to_svg(figure)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
