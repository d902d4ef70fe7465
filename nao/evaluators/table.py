"""Looks objectives up in a table: a benchmark, or a user's own measurements."""

import dataclasses
import math
import pathlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging

from nao.evaluators import base, cells, table_file
from nao.evaluators.table_config import TableConfig, check_settings
from nao.evaluators.table_file import Rows, TableFile
from nao.files import one_line
from nao.spaces import Choice, Space, Subset, custom
from nao.system import floats
from nao.system.showing import counted
from nao.types import Array

# Objective and test value by `space.keys`, of sequences rather than functions:
# sequences of one function may have rows, and measurements, of their own.
Values = dict[bytes, tuple[float, float | None]]
Metrics = dict[bytes, dict[str, float]]


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
        metrics: Where rows are averaged, of each architecture `num_rows` and, of two
            rows or more, the sample `standard_deviation` of their objective.
        source: What the numbers come from, in words: `on` and the file's name.
    """

    space: Space
    objective: base.Objective
    values: Values
    test_name: str
    num_skipped: int
    sha256: str
    metrics: Metrics = dataclasses.field(default_factory=dict)
    source: str = ""

    @property
    def content(self) -> dict[str, str]:
        """SHA-256 of the file, by the name that a run's record has for it."""
        return {"table.sha256": self.sha256}

    @property
    def best_value(self) -> float:
        """The best objective of the table, in the table's own unit."""
        choose = max if self.objective.maximize else min
        return choose(value for value, _ in self.values.values())

    def evaluate(self, tokens: np.ndarray, keys: Array) -> Iterator[base.Evaluation]:
        """Yields the objective of each row of tokens, int32 [num, length].

        The evaluation of an architecture that the table does not hold has failed.
        """
        del keys  # A table has no randomness.
        for key in self.space.keys(tokens):
            found = self.values.get(key)
            if found is None:
                yield base.Evaluation(None, reason="not in the table")
            else:
                yield base.Evaluation(found[0], self.metrics.get(key, {}))

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


def load(config: TableConfig, space: Space | None) -> TableEvaluator:
    """Reads a table.

    Args:
        config: The file and its columns.
        space: Space of the architectures, or None to take the slot columns as the
            space: their values, in order of appearance, are the choices. Equal numbers
            are one choice, however they are written. A column of numbers, or of true
            and false, has choices of that type, and None where one is missing.

    Raises:
        ValueError: If the file or a column is missing, or an architecture or a number
            is not one; the message names the line.
    """
    check_settings(config)
    try:
        return _load(config, space)
    # Cells and names of columns may be long, and hold line breaks.
    except ValueError as error:
        raise ValueError(one_line(error)) from None


def _load(config: TableConfig, space: Space | None) -> TableEvaluator:
    columns = [config.objective, *filter(None, [config.test, config.architecture])]
    columns += config.slot_columns
    table = table_file.read(config.path, columns)
    _check_file(config, table, columns)
    table = table._replace(rows=_spelled(config, space, table))
    if space is None:
        space = _space_of(config, table.rows)
    measured, tokens = _read_rows(config, space, table)
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
    return TableEvaluator(
        space,
        base.Objective(config.objective, config.maximize, config.unit),
        {key: _means(rows) for key, rows in measured.items()},
        config.test,
        num_skipped,
        table.sha256,
        {k: _spread(rows) for k, rows in measured.items()}
        if config.repeats == "mean"
        else {},
        f"on {pathlib.PurePath(config.path).name.partition('.csv')[0]}",
    )


def _read_rows(
    config: TableConfig, space: Space, table: TableFile
) -> tuple[dict[bytes, list[tuple[float, float]]], dict[bytes, np.ndarray]]:
    """Returns what was measured of each architecture, and its tokens, int32 [length].

    Both by `space.keys`, in the order of the file. Of each row that has an objective,
    this and its test value, NaN where there is none.
    """
    objectives = _numbers(config, table, config.objective)
    tests = [math.nan] * len(table.rows)
    if config.test:
        tests = _numbers(config, table, config.test)
    measured, lines, tokens = {}, {}, {}
    for (line, row), value, test in zip(table.rows, objectives, tests, strict=True):
        where = f"{config.path}, line {line}"
        architecture = _architecture(config, space, row, where)
        (key,) = space.keys(architecture[None])
        if key in lines and config.repeats == "refuse":
            raise ValueError(
                f"{where}: architectures must differ, {space.format(architecture)!r} "
                f"stands in line {lines[key]} too; table.repeats=mean averages them."
            )
        # Noted before the value is read: an architecture that stands there twice is a
        # mistake even where one of the rows is skipped.
        lines.setdefault(key, line)
        if math.isfinite(value):
            measured.setdefault(key, []).append((value, test))
            tokens.setdefault(key, architecture)
    return measured, tokens


def _means(rows: Sequence[tuple[float, float]]) -> tuple[float, float | None]:
    """Returns the mean objective and test value of rows."""
    values = [value for value, _ in rows]
    tests = [test for _, test in rows if math.isfinite(test)]
    return _mean(values), _mean(tests) if tests else None


def _mean(values: Sequence[float]) -> float:
    """Returns the exact mean, so that large numbers don't overflow."""
    return statistics.mean(values) if len(values) > 1 else values[0]


def _spread(rows: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Returns how many rows there are, and how far their objectives are apart."""
    metrics = {"num_rows": float(len(rows))}
    if len(rows) > 1:
        objective = np.array([value for value, _ in rows])
        metrics["standard_deviation"] = floats.deviation(objective)
    return metrics


def from_settings(settings: Any, space: Space | None) -> TableEvaluator:
    """Makes the evaluator from `EvaluatorSettings`; None: its columns are the space.

    Raises:
        ValueError: If the table is not as `load` needs it.
    """
    return load(settings.table, space)


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


def _spelled(config: TableConfig, space: Space | None, table: TableFile) -> Rows:
    """Returns the rows, whose slot columns hold choices.

    Equal numbers are spelled alike. Where the columns become the space, numbers and
    truth values are of their types.
    """
    columns = config.slot_columns
    known: Mapping[str, Sequence[str]] = dict.fromkeys(columns, ())
    if space is not None and columns:
        if len(space.slots) != len(columns):
            raise ValueError(
                f"table.slots must name {counted(len(space.slots), 'column')}, one per "
                f"slot of {space.name!r}, got {len(columns)}."
            )
        # Columns belong to slots by their order; their names may be others.
        known = {c: s.texts for c, s in zip(columns, space.slots, strict=True)}
    rows = [(line, {k: v.strip() for k, v in row.items()}) for line, row in table.rows]
    for name in columns:
        texts = [row[name] for _, row in rows]
        may_have_commas = table.separator != ","
        missing = cells.first_missing(texts, may_have_commas)
        if missing is not None:
            raise ValueError(
                f"{config.path}, line {rows[missing][0]}: column {name!r} must not be "
                f"empty, got {texts[missing]!r}."
            )
        names = cells.spellings(texts, known[name], may_have_commas)
        choices: Mapping[str, Choice] = {text: text for text in names.values()}
        if space is None:
            choices = cells.choices(list(choices), may_have_commas)
        for _, row in rows:
            row[name] = choices[names[row[name]]]
    return rows


def _space_of(config: TableConfig, rows: Rows) -> Space:
    """Returns the space whose slots are the slot columns, their values the choices."""
    if not config.slots:
        raise ValueError(
            "space.name=table takes the space from table.slots, which is empty."
        )
    return custom(
        {
            # Distinct, in order of appearance: token ids are the same in every process.
            name: dict.fromkeys(row[name] for _, row in rows)
            for name in config.slot_columns
        },
        name="table",
    )


def _architecture(
    config: TableConfig, space: Space, row: dict[str, Choice], where: str
) -> np.ndarray:
    """Returns the tokens of a row, int32 [length]; `where` is for the message."""
    try:
        if config.architecture:
            return space.parse(row[config.architecture])
        names = [slot.name for slot in space.slots]
        choices = [row[column] for column in config.slot_columns]
        return space.from_choices(dict(zip(names, choices, strict=True)))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _numbers(config: TableConfig, table: TableFile, column: str) -> list[float]:
    """Returns a column's numbers, NaN where a cell is empty: such a row is skipped."""
    texts = [row[column] for _, row in table.rows]
    numbers = cells.floats(texts, table.separator != ",")
    if None in numbers:
        index = numbers.index(None)
        raise ValueError(
            f"{config.path}, line {table.rows[index][0]}: column {column!r} must be a "
            f"number, got {texts[index]!r}."
        )
    return numbers
