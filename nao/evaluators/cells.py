"""What the cells of a table's column mean: numbers, truth values, nothing, or text."""

import decimal
import math
import re
from collections.abc import Hashable, Iterable, Sequence

from nao.spaces import Choice

# How programs write that there is no number, lower case.
_MISSING = {"", "#n/a", "<na>", "-nan", "n/a", "na", "nan", "none", "null"}
# Those that are no word: among texts, too, they say that there is none.
_NO_TEXT = {"", "#n/a", "<na>", "-nan", "n/a", "nan"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d")


def floats(cells: Sequence[str], may_have_commas: bool) -> list[float | None]:
    """Returns a column's numbers: NaN for an empty cell, None for what is no number.

    Args:
        cells: Text of each row.
        may_have_commas: Whether decimal commas may stand there; they count only where
            no cell of the column has a decimal point.
    """
    cells = [cell.strip() for cell in cells]
    if may_have_commas and _has_commas(cells):
        cells = [cell.replace(",", ".") for cell in cells]
    return [_float(cell) for cell in cells]


def _float(text: str) -> float | None:
    if text.lower() in _MISSING:
        return math.nan
    is_number = _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text)
    return float(text) if is_number else None


def _has_commas(cells: Iterable[str]) -> bool:
    """Returns whether the numbers of a column are written with decimal commas."""
    cells = [cell for cell in cells if cell.lower() not in _MISSING]
    return (
        any("," in cell for cell in cells)
        and not any("." in cell for cell in cells)
        and all(_NUMBER.fullmatch(c) or _WITH_COMMA.fullmatch(c) for c in cells)
    )


def first_missing(cells: Sequence[str], may_have_commas: bool) -> int | None:
    """Returns where a column of slots first lacks a choice; None where it has all.

    In a column of numbers or truth values `N/A` and the like are a choice, None.
    """
    meanings = _meanings(list(dict.fromkeys(cells)), may_have_commas)
    for i, cell in enumerate(cells):
        if not cell or (meanings[cell] is not None and cell.lower() in _NO_TEXT):
            return i
    return None


def spellings(
    cells: Iterable[str], known: Sequence[str], may_have_commas: bool
) -> dict[str, str]:
    """Returns, for each text of a column, the first text that means the same.

    In a column of numbers (0.1, 0.10, 1e-1) equal ones mean the same, in one of truth
    values (True, TRUE) those that differ in case alone, in both all that are missing. A
    column is one of numbers where every cell is a number, missing ones aside, and none
    has a leading zero, as numbers that are names have (01234).

    Args:
        cells: Text of each row, without space around it.
        known: Texts that come before all cells: the choices of a space.
        may_have_commas: As in `floats`.
    """
    texts = list(dict.fromkeys([*known, *cells]))
    meanings = _meanings(texts, may_have_commas)
    # A space whose choices are equal numbers tells them apart.
    if len({meanings[text] for text in known}) < len(known):
        return {text: text for text in texts}
    first: dict[Hashable, str] = {}
    for text in texts:
        first.setdefault(meanings[text], text)
    return {text: first[meanings[text]] for text in texts}


def choices(texts: Sequence[str], may_have_commas: bool) -> dict[str, Choice]:
    """Returns what each text of a column means as a choice.

    Whole numbers, floats, True or False, where the whole column is of numbers or of
    truth values; a missing one there is None. Text otherwise.

    Args:
        texts: The distinct texts, no two of which mean the same.
        may_have_commas: As in `floats`.
    """
    found = {
        text: _choice(text, meaning)
        for text, meaning in _meanings(texts, may_have_commas).items()
    }
    # Long numbers may differ and be one float, or be none.
    is_kept = len(set(found.values())) == len(texts) and all(
        not isinstance(choice, str) and (choice is None or math.isfinite(choice))
        for choice in found.values()
    )
    is_missing = all(choice is None for choice in found.values())
    return found if is_kept and not is_missing else {text: text for text in texts}


def _choice(text: str, meaning: Hashable) -> Choice:
    if isinstance(meaning, decimal.Decimal):
        return int(text) if _WHOLE.fullmatch(text) else float(meaning)
    return meaning if meaning is None or isinstance(meaning, bool) else text


def _meanings(texts: Sequence[str], may_have_commas: bool) -> dict[str, Hashable]:
    """Returns a number, a truth value or the text itself for each text.

    None for a missing one among numbers or truth values.
    """
    filled = [text for text in texts if text.lower() not in _MISSING]
    meanings: dict[str, Hashable] = {text: text for text in texts}
    typed: dict[str, Hashable] = dict.fromkeys(texts)
    if not filled:
        return meanings
    if all(text.lower() in ("true", "false") for text in filled):
        return typed | {text: text.lower() == "true" for text in filled}
    point = "," if may_have_commas and _has_commas(filled) else "."
    plain = {text: text.replace(point, ".") for text in filled}
    if any(not _NUMBER.fullmatch(t) or _LEADING_ZERO.match(t) for t in plain.values()):
        return meanings
    try:
        # Decimals are exact: long numbers that differ are no equal floats.
        return typed | {text: decimal.Decimal(t) for text, t in plain.items()}
    except decimal.InvalidOperation:  # an exponent of 19 digits or more
        return meanings
