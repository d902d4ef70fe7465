"""Looks objectives up in a table: a benchmark, or a user's own measurements."""

import dataclasses
import math
import pathlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging

from nao.evaluators import base, table_file, table_rows
from nao.evaluators.table_config import TableConfig, check_settings
from nao.evaluators.table_file import TableFile
from nao.evaluators.table_rows import Measured
from nao.files import one_line
from nao.spaces import Space, Subset, TopologyFamily
from nao.system import floats
from nao.system.showing import counted
from nao.types import Array

# Objective and test value by `space.keys`, of sequences rather than functions:
# sequences of one function may have rows, and measurements, of their own.
Values = dict[bytes, tuple[float, float | None]]
Metrics = dict[bytes, dict[str, float]]
Column = dict[bytes, float]  # a further measure by `space.keys`, where it is a number

_SECONDS = "seconds"  # a column of this name is what evaluations took


# Equal to itself alone, so that no table is compared row by row.
@dataclasses.dataclass(frozen=True, eq=False)
class TableEvaluator:
    """Looks architectures up in a table that is held in memory.

    Attributes:
        space: The space, cut down to the table's rows where they do not fill it.
        objective: Name and direction of the objective column.
        values: Objective and test value of each architecture; the test value is None
            where it is missing or no column has it.
        test_name: Name of the test column, empty for none.
        num_skipped: Rows left out because their objective is not a finite number.
        sha256: SHA-256 of the file, in hexadecimal.
        notes: Further numbers of each architecture: the columns that goals name and,
            where rows are averaged, `num_rows` and, of two rows or more, the sample
            `standard_deviation` of their objective.
        source: What the numbers come from, in words: `on` and the file's name.
        partial: What was measured with less than the full budget: a column for each
            smaller budget, ascending.
        full: The full budget; None where the table has but one.
        metrics: Names of the columns that are read as metrics.
        known_metrics: Those of them that need no measurement.
        is_noisy: False, as it gives the same number each time.
    """

    is_noisy = False  # of no annotation: not a field

    space: Space
    objective: base.Objective
    values: Values
    test_name: str
    num_skipped: int
    sha256: str
    notes: Metrics = dataclasses.field(default_factory=dict)
    source: str = ""
    partial: Mapping[float, Column] = dataclasses.field(default_factory=dict)
    full: float | None = None
    metrics: tuple[str, ...] = ()
    known_metrics: tuple[str, ...] = ()

    @property
    def budgets(self) -> tuple[float, ...]:
        """What an evaluation may be given, ascending; empty without a choice."""
        return () if self.full is None else (*self.partial, self.full)

    @property
    def content(self) -> dict[str, str]:
        """SHA-256 of the file, by the name that a run's record has for it."""
        return {"table.sha256": self.sha256}

    @property
    def how_tested(self) -> str:
        """What `test` does with the final choice, in words."""
        return "in the table's test column, which is read for it alone"

    @property
    def best_value(self) -> float:
        """The best objective of the table, in the table's own unit."""
        choose = max if self.objective.maximize else min
        return choose(value for value, _ in self.values.values())

    def evaluate(
        self, tokens: np.ndarray, keys: Array, budgets: np.ndarray | None = None
    ) -> Iterator[base.Evaluation]:
        """Yields the objective of each row of tokens, int32 [num, length].

        The evaluation of an architecture that the table does not hold has failed.
        """
        del keys  # A table has no randomness.
        chosen = [None] * len(tokens) if budgets is None else budgets.tolist()
        for key, budget in zip(self.space.keys(tokens), chosen, strict=True):
            if budget in self.partial:
                value, metrics = self.partial[budget].get(key), {}
            else:
                value, _ = self.values.get(key, (None, None))
                metrics = dict(self.notes.get(key, {}))
            reason = "" if value is not None else self._why_missing(key, budget)
            seconds = metrics.pop(_SECONDS, None)
            # Any other metric that is missing is no number; this one would be 0.
            is_asked = _SECONDS in self.metrics and budget not in self.partial
            if value is not None and seconds is None and is_asked:
                value, reason = None, f"it has no {_SECONDS}"
            yield base.Evaluation(value, metrics, seconds or 0.0, reason)

    def known(self, tokens: np.ndarray) -> dict[str, np.ndarray]:
        """Returns what needs no measurement, by name.

        Args:
            tokens: int32 [num, length].

        Returns:
            float64 [num] each; NaN where the table has no number.
        """
        rows = [self.notes.get(key, {}) for key in self.space.keys(tokens)]
        return {
            name: np.array([row.get(name, math.nan) for row in rows], np.float64)
            for name in self.known_metrics
        }

    def extent(self, name: str) -> tuple[float, float]:
        """Returns the least and the largest value of the objective or of a metric."""
        if name == self.objective.name:
            found = [value for value, _ in self.values.values()]
        else:
            found = [row[name] for row in self.notes.values() if name in row]
        return min(found, default=math.nan), max(found, default=math.nan)

    def _why_missing(self, key: bytes, budget: float | None) -> str:
        if key not in self.values:
            return "not in the table"
        return f"no value of budget {budget:g} in the table"

    def cost(self, budget: float, before: float) -> float:
        """Returns a budget's share of the full one.

        All of it, whatever was measured before: columns are trainings of their own.
        """
        del before
        return budget / self.budgets[-1]

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Returns the test value of one architecture [length], by its column's name.

        Empty where the table has none.
        """
        del key
        if not self.test_name:
            return {}
        (key,) = self.space.keys(np.asarray(tokens)[None])
        value = self.values[key][1]
        return {} if value is None else {self.test_name: value}


def load(
    config: TableConfig,
    space: Space | TopologyFamily | None,
    metrics: Sequence[str] = (),
) -> TableEvaluator:
    """Reads a table.

    Args:
        config: The file and its columns.
        space: Space of the architectures. Of cells of any number of nodes, those that
            the table has, by the number of slot columns or by the first row. None takes
            the slot columns as the space: their values, in order of appearance, are the
            choices. Equal numbers are one choice, however they are written. A column of
            numbers, or of true and false, has choices of that type, and None where one
            is missing.
        metrics: Further columns of numbers, to be metrics of evaluations: what goals
            name; those of `config.known` are read, too.

    Raises:
        ValueError: If the file or a column is missing, or an architecture or a number
            is not one; the message names the line.
    """
    metrics = tuple(dict.fromkeys([*metrics, *config.known_columns]))
    check_settings(config, metrics)
    try:
        return _load(config, space, metrics)
    # Cells and names of columns may be long, and hold line breaks.
    except ValueError as error:
        raise ValueError(one_line(error)) from None


def _load(
    config: TableConfig,
    space: Space | TopologyFamily | None,
    metrics: tuple[str, ...],
) -> TableEvaluator:
    columns = [config.objective, *filter(None, [config.test, config.architecture])]
    columns += [*config.slot_columns, *config.budget_columns.values(), *metrics]
    table = table_file.read(config.path, columns)
    _check_file(config, table, columns)
    if isinstance(space, TopologyFamily):
        space = table_rows.sized(config, space, table)
    table = table._replace(rows=table_rows.spelled(config, space, table))
    if space is None:
        space = table_rows.space_of(config, table.rows)
    measured, tokens = table_rows.measures(config, space, table, metrics)
    if not measured:
        raise ValueError(
            f"Table {config.path} has no row with a finite {config.objective!r}."
        )
    # So that nothing is proposed that has no number.
    if len(measured) < space.num_sequences:
        space = Subset(space, np.array([tokens[key] for key in measured]))
    num_rows = len(table.rows)
    num_skipped = num_rows - sum(map(len, measured.values()))
    if num_skipped:
        logging.warning(
            "Table %s: skipped %d of %s, whose %s is not a finite number.",
            config.path,
            num_skipped,
            counted(num_rows, "row"),
            config.objective,
        )
    notes = {key: _notes(config, rows, metrics) for key, rows in measured.items()}
    _check_seconds(config, notes)
    return TableEvaluator(
        space,
        base.Objective(config.objective, config.maximize, config.unit),
        {key: _value_and_test(rows) for key, rows in measured.items()},
        config.test,
        num_skipped,
        table.sha256,
        notes,
        f"on {pathlib.PurePath(config.path).name.partition('.csv')[0]}",
        *_budgets(config, measured),
        metrics,
        config.known_columns,
    )


def _value_and_test(rows: Measured) -> tuple[float, float | None]:
    """Returns the mean objective and test value of rows."""
    return _mean(rows, 0), _mean(rows, 1)


def _mean(rows: Measured, column: int) -> float | None:
    """Returns the exact mean, so that large numbers don't overflow; None of none."""
    values = [row[column] for row in rows if math.isfinite(row[column])]
    if len(values) > 1:
        return statistics.mean(values)
    return values[0] if values else None


def _budgets(
    config: TableConfig, measured: Mapping[bytes, Measured]
) -> tuple[dict[float, Column], float | None]:
    """Returns the columns of smaller budgets, and the full budget."""
    *smaller, full = config.budget_columns or [None]
    partial = {}
    for number, budget in enumerate(smaller, 2):
        means = {key: _mean(rows, number) for key, rows in measured.items()}
        partial[budget] = {key: m for key, m in means.items() if m is not None}
    return partial, full


def _notes(
    config: TableConfig, rows: Measured, metrics: Sequence[str]
) -> dict[str, float]:
    """Returns metrics by name, means where there are several rows, and their spread."""
    first = len(rows[0]) - len(metrics)  # they come last
    means = {name: _mean(rows, i) for i, name in enumerate(metrics, first)}
    found = {name: mean for name, mean in means.items() if mean is not None}
    # A column of one of these names is what the user asked for.
    return (_spread(rows) if config.repeats == "mean" else {}) | found


def _check_seconds(config: TableConfig, notes: Metrics) -> None:
    """Raises ValueError where an evaluation can't have taken as long as it says."""
    for row in notes.values():
        if not 0 <= row.get(_SECONDS, 0.0) <= base.MAX_SECONDS:
            raise ValueError(
                f"Table {config.path}: column {_SECONDS!r} must be 0 to "
                f"{base.MAX_SECONDS:g}, got {row[_SECONDS]:g}."
            )


def _spread(rows: Measured) -> dict[str, float]:
    """Returns how many rows there are, and how far their objectives are apart."""
    metrics = {"num_rows": float(len(rows))}
    if len(rows) > 1:
        objective = np.array([row[0] for row in rows])
        metrics["standard_deviation"] = floats.deviation(objective)
    return metrics


def from_settings(
    settings: Any, space: Space | TopologyFamily | None
) -> TableEvaluator:
    """Makes the evaluator from `EvaluatorSettings`; see `load` for the space.

    Raises:
        ValueError: If the table is not as `load` needs it.
    """
    own = settings.table.objective
    metrics = [name for name in settings.names if name != own]
    return load(settings.table, space, metrics)


def _check_file(config: TableConfig, table: TableFile, columns: list[str]) -> None:
    """Raises ValueError where the file is another one, or lacks a column."""
    if config.sha256 not in ("", table.sha256):
        raise ValueError(
            f"Table {config.path} must have SHA-256 {config.sha256}, got "
            f"{table.sha256}."
        )
    for name in columns:
        if name not in table.header:
            raise ValueError(
                f"Table {config.path} has no column {name!r}; "
                f"known: {', '.join(table.header)}."
            )
