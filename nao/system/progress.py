"""How far a long task is: a bar on a terminal or in a notebook, lines elsewhere."""

import contextlib
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import TypeVar

import tqdm

from nao.system import showing, stages

with warnings.catch_warnings():
    # In a notebook without ipywidgets, where lines are written instead.
    warnings.simplefilter("ignore", tqdm.TqdmWarning)
    import tqdm.auto

T = TypeVar("T")

_BURST_S = 0.5  # what finishes together, as children on several devices, is one event
_QUIET_S = 5.0
_SILENT_S = 60.0  # a log that says nothing for longer looks as if nothing went on
_BAR = "{desc} |{bar}| {n_fmt}/{total_fmt}{postfix}"
_LEAST_BAR = 4  # columns of the bar itself, for which words make room
_WIDEST = 1000  # columns, where nothing limits a line
_IS_NOTEBOOK = tqdm.auto.notebook_tqdm is not tqdm.std.tqdm


class Pace:
    """How fast things finish, and how long the rest takes.

    Counted from when the first of them finished: what comes before is compilation.
    """

    def __init__(self, done: int):
        """Starts a clock at the things done before."""
        self._done = done
        self._since: tuple[float, int] | None = None  # time and count
        self._per_second: float | None = None

    def update(self, done: int, now: float) -> None:
        """Takes note that so many are done, at `now` seconds of a clock."""
        self._done = done
        start, before = self._since or (now, done)
        if now - start < _BURST_S:
            self._since = start, done
        elif done > before:
            self._per_second = (done - before) / (now - start)

    def words(self, unit: str, total: float) -> list[str]:
        """Says how many of a unit finish a minute, and when all will have."""
        if self._per_second is None or self._done >= total:
            return []
        left_s = (total - self._done) / self._per_second
        return [
            _rate(self._per_second, unit),
            f"{tqdm.tqdm.format_interval(left_s)} left",
        ]


def _rate(per_second: float, unit: str) -> str:
    if per_second >= 100:
        return f"{per_second:.0f} {unit}s/s"
    per_minute = 60 * per_second
    return f"{per_minute:.{0 if per_minute >= 9.95 else 1}f} {unit}s/min"


def fit(
    name: str, count: str, note: list[str], pace: list[str], columns: int
) -> tuple[str, str]:
    """Returns what fits before a bar and after its count.

    What matters least is left out first: the rate, the time left, the note; then the
    name is cut.

    Args:
        name: What is being done.
        count: How far it is, which always stands there.
        note: What there is to say of it so far, if anything.
        pace: Rate and time left, if they are known.
        columns: Width of the terminal.
    """
    room = columns - len(f" || {count}") - _LEAST_BAR
    for words in ([*note, *pace], [*note, *pace[1:]], note, []):
        after = ", ".join(words)
        needed = len(name) + (len(f", {after}") if after else 0)
        if needed <= room:
            return name, after
    # Of a few letters, dots would be most.
    return (f"{name[: room - 3]}..." if room > 6 else name[: max(room, 0)]), ""


class Progress(contextlib.AbstractContextManager):
    """Shows how far a task is, how fast it goes and what it is doing, on stderr.

    Listens to `stages` while in use. Where stderr is neither a terminal nor a notebook
    it writes whole lines, without control characters.

    Attributes:
        done: How many of its things are done.
        total: How many there are.
    """

    def __init__(
        self,
        total: int,
        unit: str,
        done: int = 0,
        *,
        is_shown: bool = True,
        name: str = "",
        has_lines: bool = True,
        most_lines: int = 100,
        quiet_s: float = 0.0,
    ):
        """Begins to show a task.

        Args:
            total: How many things it has.
            unit: What one of them is called.
            done: How many were done before.
            is_shown: Whether to show anything at all.
            name: What is being done; a stage takes its place.
            has_lines: Whether `advance` writes a line whenever one is due, or only
                after a minute without any.
            most_lines: Lines of a task at most, however many things it has.
            quiet_s: Seconds after which lines begin: shorter tasks have none.
        """
        self.total, self.done = max(total, done), done
        self._unit, self._name, self._note = unit, name, ""
        self._stage = name  # what the bar says is being done
        self._has_lines, self._most_lines = has_lines, most_lines
        self._pace, self._last_time = Pace(done), time.monotonic()
        self._lines_from = self._last_time + quiet_s
        is_drawn = is_shown and (_IS_NOTEBOOK or _has_room())
        self._are_lines = is_shown and not is_drawn
        self._bar = _draw(self, unit) if is_drawn else None
        self._stack = contextlib.ExitStack()
        self._last_share, self._last_line = self._share(), ""

    def __enter__(self) -> "Progress":
        self._stack.enter_context(stages.heard_by(self._hear))
        self._refresh()
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()
        if self._bar is not None:
            self._hear("", False)
            self._bar.close()

    def _hear(self, text: str, is_line: bool) -> None:
        if is_line and self._are_lines:
            self._write(text)
        if self._bar is not None:
            self._stage = text or self._name
            self._refresh()

    def advance(self, num: int = 1, note: str | None = None) -> None:
        """Counts things that have been done.

        Args:
            num: How many.
            note: What there is to say of the task so far; None leaves the last.
        """
        self.done += num
        self._note = self._note if note is None else note
        now = time.monotonic()
        self._pace.update(self.done, now)
        if self._bar is not None:
            self._set_words()
            self._bar.update(num)
        elif self._has_lines or now - self._last_time >= _SILENT_S:
            self.write_line(self._name)

    def set(self, done: int, total: int) -> None:
        """Sets how far the task is; another total begins it anew."""
        if total != self.total:
            self.total, self.done, self._pace = total, done, Pace(done)
            self._last_share = self._share()
            if self._bar is not None:
                self._bar.reset(total)
                self._bar.update(done)
        elif done > self.done:
            self.advance(done - self.done)

    def note(self, text: str) -> None:
        """Sets what there is to say of the task so far."""
        self._note = text
        self._refresh()

    def _refresh(self) -> None:
        if self._bar is not None:
            self._set_words()
            self._bar.refresh()

    def _set_words(self) -> None:
        """Sets the words beside the bar, as many as there is room for."""
        count = f"{self.done}/{self.total or '?'}"
        note, pace = self._words()
        name, after = fit(self._stage, count, note, pace, _columns())
        self._bar.set_description_str(name, refresh=False)
        self._bar.set_postfix_str(after, refresh=False)

    def write_line(self, name: str) -> None:
        """Writes how far the task is, where lines are written and one is due.

        Args:
            name: What the line begins with; may be empty.
        """
        if not self._are_lines or self._share() == self._last_share:
            return
        if time.monotonic() < self._lines_from:
            return
        self._last_share = self._share()
        counted = f"{self.done} of {showing.counted(self.total, self._unit)}"
        note, pace = self._words()
        words = ", ".join([counted, *note, *pace])
        self._write(f"{name}: {words}" if name else words)

    def print(self, text: str) -> None:
        """Prints a line on stdout, above the bar where there is one."""
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.write(text, file=sys.stdout)

    def _share(self) -> int:
        """Counts the lines that are due by now."""
        return self.done * min(self._most_lines, self.total) // max(self.total, 1)

    def expected(self) -> float:
        """Returns how many things there will be, by which the time left is told."""
        return self.total

    def _words(self) -> tuple[list[str], list[str]]:
        note = [self._note] if self._note else []
        return note, self._pace.words(self._unit, self.expected())

    def _write(self, line: str) -> None:
        if line != self._last_line:  # Several places may say the same.
            print(f"{line[:1].upper()}{line[1:]}", file=sys.stderr, flush=True)
        self._last_line, self._last_time = line, time.monotonic()


def track(things: Iterable[T], total: int, unit: str, name: str) -> Iterator[T]:
    """Yields things and shows how far they are; a log has ten lines where it lasts.

    Args:
        things: What is worked on.
        total: How many there are; 0 where that is not known.
        unit: What one of them is called.
        name: What is done to them.
    """
    with Progress(total, unit, name=name, most_lines=10, quiet_s=_QUIET_S) as bar:
        if not total:
            stages.tell(name, is_line=True)
        for thing in things:
            yield thing
            bar.advance()


def _has_room() -> bool:
    """Says whether stderr is a terminal that shows bars.

    tqdm draws none where a terminal says that it has no rows.
    """
    return sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).lines > 0


def _columns() -> int:
    """Returns how wide a line may be; a page of a notebook has room for all."""
    if _IS_NOTEBOOK:
        return _WIDEST
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDEST
    except (OSError, ValueError):  # stderr has become something else since
        return _WIDEST


def _draw(progress: Progress, unit: str) -> tqdm.auto.tqdm:
    return tqdm.auto.tqdm(
        desc=progress._name,
        total=progress.total or None,  # not known
        initial=progress.done,
        unit=unit,
        bar_format=_BAR,
        dynamic_ncols=True,
    )
