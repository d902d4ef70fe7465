"""What the rows of a table say: architectures, and what was measured of them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nao.evaluators import cells
from nao.evaluators.table_config import TableConfig
from nao.evaluators.table_file import Rows, TableFile
from nao.spaces import Choice, Space, TopologyFamily, custom
from nao.system.showing import counted

# Objective, test value, those of smaller budgets and metrics of each row; NaN for none.
Measured = Sequence[Sequence[float]]


def measures(
    config: TableConfig, space: Space, table: TableFile, metrics: Sequence[str] = ()
) -> tuple[dict[bytes, Measured], dict[bytes, np.ndarray]]:
    """Returns what was measured of each architecture, and its tokens, int32 [length].

    Both by `space.keys`, in the order of the file. Of each row that has an objective,
    this, its test value, those of smaller budgets, and metrics; NaN where there is
    none.
    """
    objectives = _numbers(config, table, config.objective)
    tests = [math.nan] * len(table.rows)
    if config.test:
        tests = _numbers(config, table, config.test)
    smaller = list(config.budget_columns.values())[:-1]
    more = [_numbers(config, table, column) for column in (*smaller, *metrics)]
    columns = [objectives, tests, *more]
    measured, lines, tokens = {}, {}, {}
    for (line, row), values in zip(table.rows, zip(*columns, strict=True), strict=True):
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
        if math.isfinite(values[0]):
            measured.setdefault(key, []).append(values)
            tokens.setdefault(key, architecture)
    return measured, tokens


def sized(config: TableConfig, family: TopologyFamily, table: TableFile) -> Space:
    """Returns the cells of as many edges as the columns, or the first row, have.

    Raises:
        ValueError: If no number of nodes has so many.
    """
    where, num = "table.slots", len(config.slot_columns)
    if config.architecture:
        line, row = table.rows[0]
        where = f"{config.path}, line {line}: column {config.architecture!r}"
    try:
        if config.architecture:
            num = family.count_edges(row[config.architecture])
        return family.of_edges(num)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def spelled(config: TableConfig, space: Space | None, table: TableFile) -> Rows:
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


def space_of(config: TableConfig, rows: Rows) -> Space:
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
    positions, column = [], config.architecture
    try:
        if config.architecture:
            return space.parse(row[column])
        for column, slot in zip(config.slot_columns, space.slots, strict=True):
            positions.append(slot.position(row[column]))
    except ValueError as error:
        raise ValueError(f"{where}: column {column!r}: {error}") from None
    return space.from_indices(np.array(positions))


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
