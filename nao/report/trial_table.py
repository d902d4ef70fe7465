"""Every trial of a search, in a table that sorts."""

import itertools
from collections.abc import Iterator

from nao.report import blocks, figures, predictions
from nao.report.markup import Element, element
from nao.runs import StoredRun, ledger

_Columns = dict[str, list[float | None]]
_DIGITS, _FEWER_DIGITS = 6, 4  # of the objective, and of what was noted beside it


def trials(run: StoredRun) -> Element | None:
    """Lists every trial, the best first; None without trials.

    Shown are a few columns; a checkbox adds the others.
    """
    if not run.trials:
        return None
    kept = {trial.index for trial in figures.shown(run)}
    listed = [run.trials[i] for i in figures.best_first(run) if i in kept]
    main, more = _main_columns(run, listed), _more_columns(listed)
    heads = _heads(run, main, more)
    table = element(
        "table",
        {"class": "sortable"},
        element("thead", {}, element("tr", {}, *heads)),
        element("tbody", {}, *_rows(run, listed, main, more)),
    )
    return blocks.section(
        "Every trial",
        _left_out(run, len(listed)),
        *_switch(more),
        element("div", {"class": "scroll tall", "tabindex": 0}, table),
    )


def _left_out(run: StoredRun, num_listed: int) -> Element | None:
    """Says how many trials are not listed; None where all are."""
    num = len(run.trials) - num_listed
    if not num:
        return None
    text = (
        f"{num} of {len(run.trials)} trials are left out here, none of the best; "
        "study.db has them all."
    )
    return element("p", {}, text)


def _switch(more: _Columns) -> tuple[Element, ...]:
    """Returns the checkbox that shows the other columns, and its label."""
    if not more:
        return ()
    names = ", ".join(name.replace("_", " ") for name in more)
    box = {"type": "checkbox", "id": "more-columns", "class": "switch"}
    label = {"for": "more-columns", "class": "switch"}
    return element("input", box), element("label", label, f"also {names}")


def _main_columns(run: StoredRun, listed: list[ledger.Trial]) -> _Columns:
    """Returns the numbers of the listed trials that are always shown, by column."""
    predicted = predictions.in_unit(run)
    columns: _Columns = {
        "trial": [trial.index for trial in listed],
        run.objective.name: [trial.value for trial in listed],
    }
    foretold = [predicted.get(trial.index) for trial in listed]
    # Random search predicts nothing.
    return columns | ({"predicted": foretold} if predicted else {})


def _more_columns(listed: list[ledger.Trial]) -> _Columns:
    """Returns the other numbers of the listed trials by the name of their column."""
    columns: _Columns = {
        "round": [trial.round for trial in listed],
        "seconds": [trial.evaluation.seconds for trial in listed],
    }
    for name in dict.fromkeys(itertools.chain(*(t.evaluation.metrics for t in listed))):
        columns[name] = [trial.evaluation.metrics.get(name) for trial in listed]
    if not any(columns["seconds"]):
        del columns["seconds"]  # A table answers in no time.
    return {
        name: values
        for name, values in columns.items()
        if any(value is not None for value in values)
    }


def _heads(run: StoredRun, main: _Columns, more: _Columns) -> Iterator[Element]:
    """Yields headings whose buttons sort; rows come sorted by the objective."""
    order = "descending" if run.objective.maximize else "ascending"
    for name in [*main, *more, "architecture"]:
        label = name.replace("_", " ")
        if name == run.objective.name:
            label = run.objective.label
        yield element(
            "th",
            {
                "scope": "col",
                "class": _class(name, more),
                "aria-sort": order if name == run.objective.name else "none",
            },
            element("button", {"type": "button"}, label),
        )


def _class(name: str, more: _Columns) -> str | None:
    if name == "architecture":
        return None
    return "number more" if name in more else "number"


def _rows(
    run: StoredRun, listed: list[ledger.Trial], main: _Columns, more: _Columns
) -> Iterator[Element]:
    """Yields a row for each listed trial: its numbers, then its architecture."""
    columns = {
        name: _cells(
            values, _FEWER_DIGITS if name in more else _DIGITS, _class(name, more)
        )
        for name, values in (main | more).items()
    }
    for i, trial in enumerate(listed):
        cells = [column[i] for column in columns.values()]
        if trial.value is None:
            columns[run.objective.name][i].text = "failed"
        text = element("td", {"class": "text"}, run.space.format(trial.tokens))
        yield element("tr", {"data-trial": trial.index}, *cells, text)


def _cells(values: list[float | None], digits: int, name: str | None) -> list[Element]:
    """Returns the cells of a column, with `digits` digits of its largest number."""
    decimals = _decimals(values, digits)
    return [_cell(value, decimals, digits, name) for value in values]


def _decimals(values: list[float | None], digits: int) -> int | None:
    """Returns with how many decimals a column is written, so that its points align.

    None where its numbers are too different in size for that.
    """
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return 0
    if max(sizes) >= 1e9 or min(sizes) < 1e-4:
        return None
    most = 0 if max(sizes) < 1 else len(f"{max(sizes):.0f}")
    needed = max(
        len(f"{size:.{digits}f}".rstrip("0").partition(".")[2]) for size in sizes
    )
    return min(max(digits - most, 0), needed)


def _cell(
    value: float | None, decimals: int | None, digits: int, name: str | None
) -> Element:
    """Returns a cell that sorts by its number; an empty one, for None, comes last."""
    if value is None:
        return element("td", {"class": name})
    text = f"{value:.{digits}g}" if decimals is None else f"{value:.{decimals}f}"
    return element("td", {"class": name, "data-value": value}, text)
