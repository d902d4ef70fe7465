"""Makes `cifar10.csv.gz`, `cifar100.csv.gz` and `ImageNet16-120.csv.gz`.

    python experiments/benchmarks/nasbench201_tables.py nasbench201.csv

The file, CSV or JSON and plain or gzip, is what the snippet in
`experiments/results/nasbench201/README.md` writes where the benchmark's own API is
installed: columns `dataset`, `arch_str`, `val200` and `test200`, a row for each data
set and cell. The tables, one a data set, are what `--config=nasbench201` reads; they
are written to the working directory, or to `--folder`.
"""

import argparse
import gzip
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from nao import files, spaces
from nao.evaluators import table_file

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
MEASURES = ("val200", "test200")  # percent after 200 epochs, means of the seeds
COLUMNS = ("dataset", "arch_str", *MEASURES)
SPACE = spaces.NASBench201()
NUM_CELLS = SPACE.num_sequences

Row = dict[str, object]
Table = dict[str, list[float]]  # both measures by cell


def main():
    """Writes a table for each data set of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="CSV or JSON file that the snippet has written")
    parser.add_argument("--folder", type=pathlib.Path, default=".", help="where to")
    args = parser.parse_args()
    try:
        tables = make(read(args.path))
        for name, table in tables.items():
            path = args.folder / f"{name}.csv.gz"
            write(path, table)
            best = max(val for val, _ in table.values())
            print(f"{path}: {len(table)} cells, the best val200 is {best:.5f}")
    except (OSError, ValueError) as error:
        parser.error(files.one_line(error))


def read(path: str) -> list[tuple[str, Row]]:
    """Returns the rows of a file, each with where it stands.

    Raises:
        ValueError: If it can't be read, or lacks a column.
    """
    try:
        data = files.unpacked(files.read_bytes(pathlib.Path(path).expanduser()))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} can't be read: {files.one_line(error)}.") from None
    if data.lstrip()[:1] in (b"[", b"{"):
        rows = [(f"{path}, entry {i}", row) for i, row in enumerate(_json(path, data))]
    else:
        table = table_file.read(path, COLUMNS)
        rows = [(f"{path}, line {line}", row) for line, row in table.rows]
    for where, row in rows:
        if not isinstance(row, dict) or not set(COLUMNS) <= set(row):
            found = ", ".join(map(str, row)) if isinstance(row, dict) else repr(row)
            raise ValueError(f"{where} must have {', '.join(COLUMNS)}, got {found}.")
    return rows


def _json(path: str, data: bytes) -> list:
    try:
        rows = json.loads(data)
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}.") from None
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{path} must be a list of rows, got {type(rows).__name__}.")
    return rows


def make(rows: list[tuple[str, Row]]) -> dict[str, Table]:
    """Returns the table of each data set, in the order of `DATASETS`.

    Raises:
        ValueError: If a row is wrong or stands twice, or a data set lacks cells.
    """
    tables: dict[str, Table] = {}
    for where, row in rows:
        name, cell, values = _check(where, row)
        table = tables.setdefault(name, {})
        if cell in table:
            raise ValueError(f"{where}: {name} has {cell} twice.")
        table[cell] = values
    for name, table in tables.items():
        # Half a table has another best cell, so its numbers could not be compared.
        if len(table) != NUM_CELLS:
            raise ValueError(
                f"{name} must have all {NUM_CELLS} cells, got {len(table)}."
            )
    return {name: tables[name] for name in DATASETS if name in tables}


def _check(where: str, row: Row) -> tuple[str, str, list[float]]:
    """Returns the data set, the cell and the measures of a row."""
    name, cell = row["dataset"], str(row["arch_str"])
    if name not in DATASETS:
        raise ValueError(
            f"{where}: dataset must be one of {', '.join(DATASETS)}, got {name!r}."
        )
    try:
        cell = SPACE.format(SPACE.parse(cell))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return name, cell, [_percent(where, column, row[column]) for column in MEASURES]


def _percent(where: str, column: str, text: object) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value <= 100:
        raise ValueError(f"{where}: {column} must be a percentage, got {text!r}.")
    return value


def write(path: pathlib.Path, table: Table) -> None:
    """Writes a table, gzip: equal tables are equal files."""
    with files.written_whole(path) as part, part.open("wb") as raw:
        # Without a name and a time, which gzip would note.
        with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            packed.write(_text(table).encode())


def _text(table: Table) -> str:
    lines = [",".join(("arch_str", *MEASURES))]
    for cell, values in sorted(table.items()):
        lines.append(",".join([cell, *(f"{round(value, 5)}" for value in values)]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
