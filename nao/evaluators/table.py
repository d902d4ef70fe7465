"""Looks objectives up in a table: a benchmark, or a user's own measurements."""

import csv
import dataclasses
import gzip
import hashlib
import io
import math
import pathlib
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import logging

from nao.evaluators import base
from nao.fields import option
from nao.spaces import Space, Subset, custom
from nao.types import Array

Rows = list[tuple[int, dict[str, str]]]  # line number, and text by column name
# Objective and test value by `space.keys`, of sequences rather than functions:
# sequences of one function may have rows, and measurements, of their own.
Values = dict[bytes, tuple[float, float | None]]


@dataclasses.dataclass(frozen=True)
class TableConfig:
    """Where a table is and what its columns mean."""

    path: str = option(
        "", "CSV file, plain or gzip, with a header line.", is_place=True
    )
    architecture: str = option(
        "", "Column with architectures in the space's notation; or give table.slots."
    )
    slots: str = option(
        "", "Comma-separated columns, one per slot of the space, in the slots' order."
    )
    objective: str = option("", "Column with the measure to search by.")
    test: str = option(
        "", "Column with the test measure, read for the final choice; empty for none."
    )
    maximize: bool = option(True, "Whether a higher objective is better.")
    sha256: str = option("", "SHA-256 that the file must have; empty accepts any file.")

    @property
    def slot_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold a slot each."""
        return tuple(name.strip() for name in self.slots.split(",") if name.strip())


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
    """

    space: Space
    objective: base.Objective
    values: Values
    test_name: str
    num_skipped: int
    sha256: str

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
                yield base.Evaluation(found[0])

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
            space: their values, in order of appearance, are the choices.

    Raises:
        ValueError: If the file or a column is missing, or an architecture or a number
            is not one; the message names the line.
    """
    _check_settings(config)
    sha256, header, rows = _read(config.path)
    if config.sha256 not in ("", sha256):
        raise ValueError(
            f"Table {config.path} must have SHA-256 {config.sha256}, got {sha256}."
        )
    columns = [config.objective, *filter(None, [config.test, config.architecture])]
    for name in (*columns, *config.slot_columns):
        if name not in header:
            raise ValueError(
                f"Table {config.path} has no column {name!r}; "
                f"known: {', '.join(header)}."
            )
    if space is None:
        space = _space_of(config, rows)
    values, tokens = _read_rows(config, space, rows)
    if not tokens:
        raise ValueError(
            f"Table {config.path} has no row with a finite {config.objective!r}."
        )
    # So that nothing is proposed that has no number.
    if len(tokens) < space.num_sequences:
        space = Subset(space, np.array(tokens))
    num_skipped = len(rows) - len(tokens)
    if num_skipped:
        logging.warning(
            "Table %s: skipped %d of %d rows, whose %s is not a finite number.",
            config.path,
            num_skipped,
            len(rows),
            config.objective,
        )
    objective = base.Objective(config.objective, config.maximize)
    return TableEvaluator(space, objective, values, config.test, num_skipped, sha256)


def _read_rows(
    config: TableConfig, space: Space, rows: Rows
) -> tuple[Values, list[np.ndarray]]:
    """Returns values by `space.keys`, and the tokens of the rows that have one.

    Tokens are int32 [length] each, in the order of the file.
    """
    values, lines, tokens = {}, {}, []
    for line, row in rows:
        where = f"{config.path}, line {line}"
        architecture = _architecture(config, space, row, where)
        (key,) = space.keys(architecture[None])
        if key in lines:
            raise ValueError(
                f"{where}: architectures must differ, {space.format(architecture)!r} "
                f"stands in line {lines[key]} too."
            )
        # Noted before the value is read: an architecture that stands there twice is a
        # mistake even where one of the rows is skipped.
        lines[key] = line
        value = _number(row[config.objective], where, config.objective)
        if not math.isfinite(value):
            continue
        test = _number(row[config.test], where, config.test) if config.test else None
        has_test = test is not None and math.isfinite(test)
        values[key] = (value, test if has_test else None)
        tokens.append(architecture)
    return values, tokens


def from_settings(settings: Any, space: Space | None) -> TableEvaluator:
    """Makes the evaluator from `EvaluatorSettings`; None: its columns are the space.

    Raises:
        ValueError: If the table is not as `load` needs it.
    """
    return load(settings.table, space)


def _check_settings(config: TableConfig) -> None:
    """Raises ValueError where settings contradict each other, the file aside."""
    if not config.path or not config.objective:
        raise ValueError(
            "A table needs table.path and table.objective, "
            f"got {config.path!r} and {config.objective!r}."
        )
    if bool(config.architecture) == bool(config.slots):
        raise ValueError(
            "A table needs one of table.architecture and table.slots, "
            f"got {config.architecture!r} and {config.slots!r}."
        )
    repeated = [c for c in config.slot_columns if config.slot_columns.count(c) > 1]
    # A slot that holds a measure would tell the controller the answer.
    measured = {config.objective, config.test} & set(config.slot_columns)
    if repeated or measured:
        raise ValueError(
            "table.slots must name each column once, and neither the objective nor "
            f"the test column, got {config.slots!r}."
        )


def _read(path: str) -> tuple[str, list[str], Rows]:
    """Returns the file's SHA-256, the names of its columns, and its rows.

    Raises:
        ValueError: If the file can't be read, or is not a table with a header.
    """
    file = pathlib.Path(path).expanduser()
    try:
        data = file.read_bytes()
        # Of the file as it lies there, so that `sha256sum` prints the same.
        sha256 = hashlib.sha256(data).hexdigest()
        if data[:2] == b"\x1f\x8b":  # what gzip files begin with, whatever their name
            data = gzip.decompress(data)
        # Spreadsheets put a byte order mark before the first column's name.
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        # Errors of the file system would repeat the path and add a number.
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"Table {path} can't be read: {reason}.") from None
    # Line breaks are the reader's to find: quoted text may hold some. So the line in a
    # message is the reader's, not a count of rows.
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}.") from None
    if not lines:
        raise ValueError(f"Table {path} is empty; it needs a header line.")
    header = [name.strip() for name in lines[0][1]]
    if len(set(header)) != len(header):
        raise ValueError(f"Columns of table {path} must differ, got {header}.")
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: expected {len(header)} columns, got {len(row)}."
            )
    if len(lines) == 1:
        raise ValueError(f"Table {path} has a header line and no rows.")
    rows = [(line, dict(zip(header, row, strict=True))) for line, row in lines[1:]]
    return sha256, header, rows


def _space_of(config: TableConfig, rows: Rows) -> Space:
    """Returns the space whose slots are the slot columns, their values the choices."""
    if not config.slots:
        raise ValueError(
            "space.name=table takes the space from table.slots, which is empty."
        )
    return custom(
        {
            # Distinct, in order of appearance: token ids are the same in every process.
            name: dict.fromkeys(row[name].strip() for _, row in rows)
            for name in config.slot_columns
        },
        name="table",
    )


def _architecture(
    config: TableConfig, space: Space, row: dict[str, str], where: str
) -> np.ndarray:
    """Returns the tokens of a row, int32 [length]; `where` is for the message."""
    try:
        if config.architecture:
            return space.parse(row[config.architecture])
        names = [slot.name for slot in space.slots]
        if len(names) != len(config.slot_columns):
            raise ValueError(
                f"table.slots must name {len(names)} columns, one per slot of "
                f"{space.name!r}, got {len(config.slot_columns)}"
            )
        # Columns belong to slots by their order; their names may be others.
        texts = [row[column].strip() for column in config.slot_columns]
        return space.from_choices(dict(zip(names, texts, strict=True)))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _number(text: str, where: str, column: str) -> float:
    """Returns a cell's number, NaN where it is empty: such a row is skipped."""
    try:
        return float(text) if text.strip() else math.nan
    except ValueError:
        raise ValueError(
            f"{where}: column {column!r} must be a number, got {text!r}."
        ) from None
