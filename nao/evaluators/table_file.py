"""Reads the file of a table: its encoding, its separator, its columns and rows."""

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from absl import logging

from nao import files
from nao.system.showing import counted

# Line number, and cells by column name: text here, choices in slots later.
Rows = list[tuple[int, dict[str, Any]]]

_SEPARATORS = ",;\t|"
# Those of 4 bytes first: they begin with those of 2.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",  # spreadsheets put it before the first name
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# A line of remarks, or of names that NumPy's `savetxt` marks so.
_COMMENT = re.compile(r"\s*#([^\r\n]*)(\r\n|\r|\n|$)")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
# A first line that spreadsheets read and do not show.
_SEP_LINE = re.compile(r'"?sep=([^\r\n])"?[,;\t]*(\r\n|\r|\n|$)', re.IGNORECASE)


class TableFile(NamedTuple):
    """What a file holds.

    Attributes:
        sha256: SHA-256 of the file as it lies there, in hexadecimal.
        separator: The character between its columns.
        header: Names of the columns that have one.
        rows: Line number and cells by column name of each row.
    """

    sha256: str
    separator: str
    header: list[str]
    rows: Rows


def read(path: str, wanted: Collection[str]) -> TableFile:
    """Reads a table, plain or gzip.

    Args:
        path: The file.
        wanted: Names of columns; the separator is the one that finds most of them.

    Raises:
        ValueError: If the file can't be read, or is not a table with a header.
    """
    try:
        data = files.read_bytes(files.expanded(path))
        # Of the file as it lies there, so that `sha256sum` prints the same.
        sha256 = hashlib.sha256(data).hexdigest()
        text = _decode(files.unpacked(data), path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Table {path} can't be read: {files.one_line(error, 200)}."
        ) from None
    separator, start = _separator(text, wanted)
    num_before = len(_LINE_BREAK.findall(text[:start]))
    lines = _lines(text[start:], separator, path, num_before)
    if not lines:
        raise ValueError(f"Table {path} is empty; it needs a header line.")
    names = _names(lines[0][1], wanted)
    header = [name for name in names if name]
    if len(set(header)) != len(header):
        raise ValueError(f"Columns of table {path} must differ, got {header}.")
    rows = [
        (line, _cells(names, row, f"{path}, line {line}")) for line, row in lines[1:]
    ]
    if not rows:
        raise ValueError(f"Table {path} has a header line and no rows.")
    return TableFile(sha256, separator, header, rows)


def _names(row: list[str], wanted: Collection[str]) -> list[str]:
    """Returns the names of a header line, the first without a mark of `savetxt`'s."""
    first, *others = (name.strip() for name in row)
    unmarked = first.removeprefix("#").strip()
    is_marked = first not in wanted and unmarked in wanted
    return [unmarked if is_marked else first, *others]


def _decode(data: bytes, path: str) -> str:
    """Returns the text of a file, by its byte order mark or by what fits.

    Raises:
        ValueError: If it is no text.
    """
    if data[:4] == b"PK\3\4":
        raise ValueError("it is a zip archive, as spreadsheets are; export it as CSV")
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        if data.startswith(tuple(_MARKS)):
            raise
        # What spreadsheets write in western countries; it has no character for a few
        # bytes, which are taken for those of Latin-1.
        logging.warning("Table %s is not UTF-8; it is read as Windows-1252.", path)
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if data[:2] == b"\x1f\x8b":
        raise ValueError("it is packed twice; unpack it once")
    if "\0" in text:
        raise ValueError("it is no text, as it holds zero bytes")
    return text


def _encoding(data: bytes) -> str:
    """Returns the encoding that a file's first bytes tell; UTF-8 where they do not."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    # Of UTF-16 without a mark every other byte is zero, as names are mostly Latin.
    even, odd = data[:1000:2].count(0), data[1:1000:2].count(0)
    if min(even, odd) == 0 and max(even, odd) * 4 > len(data[:1000]):
        return "utf-16-le" if odd else "utf-16-be"
    return "utf-8"


def _separator(text: str, wanted: Collection[str]) -> tuple[str, int]:
    """Returns what separates columns, and where the header line may begin."""
    found = _SEP_LINE.match(text)
    start = _after_comments(text, found.end() if found else 0, wanted)
    if found:
        return found[1], start

    def fit(separator: str) -> tuple[int, bool, int]:
        names = [name.strip() for name in _first(text[start:], separator)]
        num_found = len(set(wanted) & set(names))
        return num_found, separator == "," and len(names) > 1, len(names)

    return max(_SEPARATORS, key=fit), start  # of equal ones the first, a comma


def _after_comments(text: str, start: int, wanted: Collection[str]) -> int:
    """Returns where the lines end that begin with `#` and name no wanted column."""
    while found := _COMMENT.match(text, start):
        cells = re.split(f"[{re.escape(_SEPARATORS)}]", found[1])
        names = {cell.strip().strip('"') for cell in cells}
        if names & set(wanted):
            break
        start = found.end()
    return start


def _first(text: str, separator: str) -> list[str]:
    """Returns the cells of the first line that is not blank; none if it is broken."""
    try:
        return next((row for _, row in _parsed(text, separator)), [])
    except csv.Error:
        return []


def _lines(
    text: str, separator: str, path: str, num_before: int
) -> list[tuple[int, list[str]]]:
    """Returns line numbers and cells of all lines that are not blank."""
    found = []
    try:
        for line, row in _parsed(text, separator):
            found.append((line + num_before, row))
    except csv.Error as error:
        last = found[-1][0] if found else num_before
        raise ValueError(f"{path}, after line {last}: {error}.") from None
    return found


def _parsed(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    # Line breaks are the reader's to find: quoted text may hold some. So the line in a
    # message is the reader's, not a count of rows. Strict, as a quote that nothing
    # closes would swallow all rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for row in reader:
        if any(map(str.strip, row)):
            yield reader.line_num, row


def _cells(names: list[str], row: list[str], where: str) -> dict[str, str]:
    """Returns a row's cells by column; those of columns without a name are dropped.

    Raises:
        ValueError: If there are more cells than columns, or fewer.
    """
    given = len(row) - next((i for i, cell in enumerate(row[::-1]) if cell.strip()), 0)
    needed = max((i + 1 for i, name in enumerate(names) if name), default=0)
    if given > len(names) or len(row) < needed:
        raise ValueError(
            f"{where}: expected {counted(len(names), 'column')}, as in the header line "
            f"({files.as_line(', '.join(names), 80)}), got {len(row)}."
        )
    return {name: cell for name, cell in zip(names, row, strict=False) if name}
