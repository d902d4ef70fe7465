"""Values of the objective on the page, to the digits that the data can tell."""

from collections.abc import Iterable

from nao.evaluators import precision
from nao.runs import StoredRun

_LARGE = 1e9  # from where numbers have no decimals, but an exponent


def text(run: StoredRun, value: float) -> str:
    """Writes a value of the objective."""
    return precision.short(value, num_examples(run, run.objective.name))


def num_examples(run: StoredRun, name: str) -> int | None:
    """Returns of how many examples a number is the share; None where it is none."""
    return run.record.num_examples.get(name)


def decimals(values: Iterable[float | None], num: int | None) -> int | None:
    """Returns with how many decimals shares stand in a column: those of the surest.

    Args:
        values: The column; None where there is no value.
        num: Examples that they are shares of; None for numbers that are no shares.

    Returns:
        None where the numbers themselves must tell.
    """
    known = [value for value in values if value is not None]
    if not known or not all(precision.is_share(value, num) for value in known):
        return None
    errors = (precision.standard_error(value, num) for value in known)
    return max(map(precision.decimals, errors))


def to_places(value: float, places: int | None) -> str:
    """Writes a number with so many decimals; None stands for six digits."""
    if places is None or abs(value) >= _LARGE:
        return f"{value:g}"
    return f"{value:.{places}f}"


def aligned(values: Iterable[float | None], digits: int) -> int | None:
    """Returns with how many decimals a column is written, so that its points align.

    Args:
        values: The column; None where there is no value.
        digits: Digits of the largest, at most.

    Returns:
        None where its numbers are too different in size for that.
    """
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return 0
    if max(sizes) >= _LARGE or min(sizes) < 1e-4:
        return None
    before = len(f"{max(sizes):.0f}") if max(sizes) >= 1 else 0
    texts = (f"{size:.{digits}f}".rstrip("0") for size in sizes)
    needed = max(len(text.partition(".")[2]) for text in texts)
    return min(max(digits - before, 0), needed)


def places(run: StoredRun) -> int | None:
    """Returns with how many decimals the trials' values stand in a column."""
    values = [trial.value for trial in run.trials]
    told = decimals(values, num_examples(run, run.objective.name))
    return aligned(values, 6) if told is None else told
