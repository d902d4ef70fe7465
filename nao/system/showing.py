"""How results show themselves: a line on a terminal, a table in a notebook, a frame.

Tables have no colours of their own, so they are legible on a light page and on a dark
one.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_CHOICES = "choices."  # begins the columns of an architecture's slots
_MOST_ROWS = 10  # of a table; a frame has all
_MOST_TEXT = 120  # characters of a cell

_STYLE = "padding: 0 .8em 0 0; overflow-wrap: anywhere"  # of a cell

Row = Mapping[str, Any]  # a nested mapping is several columns, `metrics.loss`


def to_frame(rows: Iterable[Row]) -> Any:
    """Returns rows as a `pandas.DataFrame`; nested mappings as columns with a dot.

    Raises:
        ImportError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError(
            "to_dataframe needs pandas, which is not installed: pip install pandas"
        ) from None
    rows = [dict(row) for row in rows]
    frame = pandas.json_normalize(rows)
    # Of 1, 2 and None pandas makes floats, which are other choices.
    for name in filter(_are_choices, frame.columns):
        slot = name.removeprefix(_CHOICES)
        values = [row["choices"][slot] for row in rows]
        if len(set(map(type, values))) > 1:
            frame[name] = pandas.Series(values, dtype=object)
    return frame


def _are_choices(column: str) -> bool:
    return column.startswith(_CHOICES)


def to_html(caption: str, rows: Sequence[Row]) -> str:
    """Returns a small HTML table of the first rows, escaped, below a caption."""
    shown = rows[:_MOST_ROWS]
    names = list(dict.fromkeys(name for row in shown for name in row))
    head = "".join(_head(name, shown) for name in names)
    body = "".join(
        f"<tr>{''.join(_cell(row.get(name)) for name in names)}</tr>" for row in shown
    )
    left = len(rows) - len(shown)
    more = f"<p>and {left} more</p>" if left else ""
    return (
        f"<div><p>{html.escape(caption)}</p><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{more}</div>"
    )


def counted(num: int, noun: str, plural: str = "") -> str:
    """Returns a number with what it counts: `1 trial`, `2 trials`.

    Args:
        num: How many.
        noun: What one of them is called.
        plural: What several are called, unless it is the noun and an s.
    """
    return f"{num} {noun if num == 1 else plural or noun + 's'}"


def number(value: Any) -> str:
    """Writes a number with six digits, and what is missing as a dash."""
    return "\N{EN DASH}" if value is None else f"{value:.6g}"


def _head(name: str, rows: Sequence[Row]) -> str:
    """Returns the head of a column, aligned as its cells are."""
    side = "right" if all(map(_is_number, (row.get(name) for row in rows))) else "left"
    return f'<th style="{_STYLE}; text-align: {side}">{html.escape(name)}</th>'


def _cell(value: Any) -> str:
    if _is_number(value):
        return f'<td style="{_STYLE}; text-align: right">{number(value)}</td>'
    text = str(value)
    text = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 3]}..."
    return f'<td style="{_STYLE}; text-align: left">{html.escape(text)}</td>'


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)
