"""Every trial of a search, in a table that sorts."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from nao.report import blocks, figures, mixture, predictions, rounding
from nao.report.markup import Element, element
from nao.runs import StoredRun, ledger

_DIGITS, _FEWER_DIGITS = 6, 4  # of the objective, and of what was noted beside it


class _Column(NamedTuple):
    """Numbers of the listed trials.

    Attributes:
        name: Heading.
        values: A number for each trial, None where it has none.
        is_more: Whether it is shown on demand alone.
        is_objective: Whether it is what was searched by.
        decimals: Decimals that can be told; None where the numbers themselves must say.
    """

    name: str
    values: list[float | None]
    is_more: bool = False
    is_objective: bool = False
    decimals: int | None = None

    @property
    def kind(self) -> str:
        """CSS classes of its cells."""
        return "number more" if self.is_more else "number"

    @property
    def digits(self) -> int:
        """Digits of its largest number."""
        return _FEWER_DIGITS if self.is_more else _DIGITS


def trials(run: StoredRun) -> Element | None:
    """Lists every trial, the best first; None without trials.

    Shown are a few columns; a checkbox adds the others.
    """
    if not run.trials:
        return None
    kept = {trial.index for trial in figures.shown(run)}
    listed = [run.trials[i] for i in figures.best_first(run) if i in kept]
    columns = [*_main_columns(run, listed), *_more_columns(run, listed)]
    heads = [*(_head(run, column) for column in columns), _text_head()]
    table = element(
        "table",
        {"class": "sortable"},
        element("thead", {}, element("tr", {}, *heads)),
        element("tbody", {}, *_rows(run, listed, columns)),
    )
    return blocks.section(
        "Every trial",
        _left_out(run, len(listed)),
        *_switch(columns),
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


def _switch(columns: list[_Column]) -> tuple[Element, ...]:
    """Returns the checkbox that shows the other columns, and its label."""
    names = ", ".join(column.name for column in columns if column.is_more)
    box = {"type": "checkbox", "id": "more-columns", "class": "switch"}
    label = {"for": "more-columns", "class": "switch"}
    return element("input", box), element("label", label, f"also {names}")


def _main_columns(run: StoredRun, listed: list[ledger.Trial]) -> Iterator[_Column]:
    """Yields the columns that are always shown."""
    yield _Column("trial", [trial.index for trial in listed])
    values = [trial.value for trial in listed]
    yield _Column(
        run.objective.label,
        values,
        is_objective=True,
        decimals=_told(run, run.objective.name, values),
    )
    for goal in run.goals.columns[1:]:
        values = [_measures(trial).get(goal.name) for trial in listed]
        yield _Column(goal.label, values, decimals=_told(run, goal.name, values))
    budgets = [trial.budget for trial in listed]
    if any(budget is not None for budget in budgets):
        yield _Column("budget", budgets)
    predicted = predictions.of_trials(run)
    if predicted.values:  # Random search predicts nothing.
        values = [predicted.values.get(trial.index) for trial in listed]
        yield _Column("predicted", values, decimals=predicted.decimals)


def _measures(trial: ledger.Trial) -> dict[str, float]:
    """Returns what was noted of a trial besides its objective, by name.

    Weights of a mixture, two dozen or more, have a chart of their own.
    """
    noted = trial.evaluation.metrics.items()
    others = {name: x for name, x in noted if not mixture.is_weight(name)}
    return {"seconds": trial.evaluation.seconds, **others}


def _told(run: StoredRun, name: str, values: list[float | None]) -> int | None:
    """Returns the decimals that the examples of a share can tell."""
    return rounding.decimals(values, rounding.num_examples(run, name))


def _more_columns(run: StoredRun, listed: list[ledger.Trial]) -> Iterator[_Column]:
    """Yields the columns that are shown on demand."""
    if any(trial.budget is not None for trial in listed):
        costs = [trial.cost for trial in listed]
        yield _Column("cost in full evaluations", costs, is_more=True)
    yield _Column("round", [trial.round for trial in listed], is_more=True)
    names = dict.fromkeys(itertools.chain(*map(_measures, listed)))
    for name in [name for name in names if name not in _goals(run)]:
        values = [_measures(trial).get(name) for trial in listed]
        # A table answers in no time.
        if any(values) if name == "seconds" else any(v is not None for v in values):
            decimals = _told(run, name, values)
            heading = name.replace("_", " ")
            yield _Column(heading, values, is_more=True, decimals=decimals)


def _goals(run: StoredRun) -> set[str]:
    """Returns the names of all that a search was for."""
    return {column.name for column in run.goals.columns}


def _head(run: StoredRun, column: _Column) -> Element:
    """Returns a heading whose button sorts; rows come sorted by the objective."""
    order = "descending" if run.objective.maximize else "ascending"
    return element(
        "th",
        {
            "scope": "col",
            "class": column.kind,
            "aria-sort": order if column.is_objective else "none",
        },
        element("button", {"type": "button"}, column.name),
    )


def _text_head() -> Element:
    button = element("button", {"type": "button"}, "architecture")
    return element("th", {"scope": "col", "aria-sort": "none"}, button)


def _rows(
    run: StoredRun, listed: list[ledger.Trial], columns: list[_Column]
) -> Iterator[Element]:
    """Yields a row for each listed trial: its numbers, then its architecture."""
    by_row = zip(*map(_cells, columns), strict=True)
    for trial, cells in zip(listed, by_row, strict=True):
        text = element("td", {"class": "text"}, run.space.format(trial.tokens))
        yield element("tr", {"data-trial": trial.index}, *cells, text)


def _cells(column: _Column) -> list[Element]:
    """Returns the cells of a column; they sort by their number, empty ones last."""
    decimals = column.decimals
    if decimals is None:
        decimals = rounding.aligned(column.values, column.digits)
    missing = "failed" if column.is_objective else None
    return [
        element("td", {"class": column.kind}, missing)
        if value is None
        else element(
            "td",
            {"class": column.kind, "data-value": value},
            f"{value:.{column.digits}g}"
            if decimals is None
            else rounding.to_places(value, decimals),
        )
        for value in column.values
    ]
