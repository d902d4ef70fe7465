"""What the page says in tables: the trials, failures, times, how to repeat it."""

import collections
import itertools
import json
from collections.abc import Iterator, Mapping

from nao.report import blocks, figures, next_steps
from nao.report.markup import Element, element
from nao.runs import StoredRun, ledger

_MOST_LISTED = 12  # numbers of trials that failed for the same reason


def trials(run: StoredRun) -> Element | None:
    """Lists every trial in a table that can be sorted; None without trials."""
    if not run.trials:
        return None
    listed = figures.shown(run)
    columns = _columns(run, listed)
    table = element(
        "table",
        {"class": "sortable"},
        element("thead", {}, element("tr", {}, *_heads([*columns, "architecture"]))),
        element("tbody", {}, *_rows(run, listed, columns)),
    )
    left_out = len(run.trials) - len(listed)
    note = (
        f"{left_out} of {len(run.trials)} trials are left out here, none of the best; "
        "study.db has them all."
    )
    return blocks.section(
        "Every trial",
        element("p", {}, note) if left_out else None,
        element("div", {"class": "scroll tall", "tabindex": 0}, table),
    )


def _columns(
    run: StoredRun, listed: list[ledger.Trial]
) -> dict[str, list[float | None]]:
    """Returns the numbers of the listed trials by the name of their column."""
    columns: dict[str, list[float | None]] = {
        "trial": [trial.index for trial in listed],
        "round": [trial.round for trial in listed],
        run.objective.name: [trial.value for trial in listed],
        "predicted": [trial.predicted for trial in listed],
        "seconds": [trial.evaluation.seconds for trial in listed],
    }
    for name in dict.fromkeys(itertools.chain(*(t.evaluation.metrics for t in listed))):
        columns[name] = [trial.evaluation.metrics.get(name) for trial in listed]
    if not any(columns["seconds"]):
        del columns["seconds"]  # A table answers in no time.
    # Random search predicts nothing; where all have failed, each row says so.
    return {
        name: values
        for name, values in columns.items()
        if name == run.objective.name or any(value is not None for value in values)
    }


def _heads(names: list[str]) -> list[Element]:
    """Returns headings whose buttons sort; rows come sorted by the first column."""
    return [
        element(
            "th",
            {"scope": "col", "aria-sort": "none" if i else "ascending"},
            element("button", {"type": "button"}, name.replace("_", " ")),
        )
        for i, name in enumerate(names)
    ]


def _rows(
    run: StoredRun, listed: list[ledger.Trial], columns: dict[str, list[float | None]]
) -> Iterator[Element]:
    """Yields a row for each listed trial: its numbers, then its architecture."""
    for i, trial in enumerate(listed):
        cells = [_number_cell(values[i]) for values in columns.values()]
        if trial.value is None:
            cells[list(columns).index(run.objective.name)].text = "failed"
        text = element("td", {"class": "text"}, run.space.format(trial.tokens))
        yield element("tr", {"data-trial": trial.index}, *cells, text)


def _number_cell(value: float | None) -> Element:
    """Returns a cell that sorts by its number; an empty one, for None, comes last."""
    if value is None:
        return element("td")
    whole = float(value).is_integer() and abs(value) < 1e15
    text = f"{value:.0f}" if whole else f"{value:.6g}"
    return element("td", {"data-value": value}, text)


def failures(run: StoredRun) -> Element | None:
    """Counts the trials that failed, by their reason; None where there are none."""
    by_reason = collections.defaultdict(list)
    for trial in run.failed:
        by_reason[trial.evaluation.reason].append(trial.index)
    if not by_reason:
        return None
    rows = []
    for reason, indices in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        named = ", ".join(map(str, indices[:_MOST_LISTED]))
        more = ", ..." if len(indices) > _MOST_LISTED else ""
        rows.append((reason, len(indices), named + more))
    text = f"{len(run.failed)} of {len(run.trials)} trials failed; the search went on."
    return blocks.section(
        "Failures",
        element("p", {}, text),
        blocks.table(("reason", "trials", "which"), rows),
    )


def times(run: StoredRun) -> Element | None:
    """Says where the time went, and what was compiled; None without trials."""
    if not run.trials:
        return None
    seconds = run.summary.get("seconds")
    if not seconds:
        summed = sum(trial.evaluation.seconds for trial in run.trials)
        text = f"All evaluations together took {_duration(summed)}."
        return blocks.section("Time and compilations", element("p", {}, text))
    parts = {
        "evaluations": seconds["evaluate"],
        "proposals, fits included": seconds["controller"],
    }
    rest = seconds["total"] - sum(parts.values())
    parts["all else, the test included"] = max(0.0, rest)
    counts = dict(run.summary["compilations"])
    total = counts.pop("total")
    most_first = sorted(counts.items(), key=lambda item: -item[1])
    return blocks.section(
        "Time and compilations",
        *_bar(parts),
        element("p", {}, _in_sentences(run)),
        blocks.details(
            f"{total} compilations", blocks.table(("program", "times"), most_first)
        ),
    )


def _bar(parts: Mapping[str, float]) -> tuple[Element, Element]:
    """Returns a bar whose parts are as long as their seconds, and its legend."""
    bars = [
        element(
            "i",
            {"class": f"part{i}", "style": f"flex-grow:{value:.4f}", "title": name},
        )
        for i, (name, value) in enumerate(parts.items())
    ]
    legend = [
        element(
            "span",
            {"class": "key"},
            element("i", {"class": f"part{i}"}),
            f"{name}: {_duration(value)}",
        )
        for i, (name, value) in enumerate(parts.items())
    ]
    bar = element("div", {"class": "bar"}, *bars)
    return bar, element("p", {"class": "legend"}, *legend)


def _in_sentences(run: StoredRun) -> str:
    """Says how long the search's last process took, and how much memory."""
    seconds = run.summary["seconds"]
    sentences = [
        f"{_duration(seconds['total'])} in the process that ended last, of them "
        f"{_duration(seconds['trace'])} tracing and {_duration(seconds['compile'])} "
        "compiling or reading compiled programs."
    ]
    first = seconds.get("first_child")
    if first:
        text = f"Its first trial was done {_duration(first)} after its start."
        sentences.append(text)
    mebibytes = run.summary["peak_rss_mib"]
    sentences.append(f"It took {mebibytes:,.0f} MiB of memory at most.")
    return " ".join(sentences)


def reproduce(run: StoredRun) -> Element:
    """Gives config, environment and the command that repeats the search."""
    command = next_steps.repetition(run)
    text = (
        "It was begun from Python, so config.json names its objects and no command "
        "repeats it."
    )
    environment = dict(run.environment)
    packages = environment.pop("packages", {})
    rows = [*environment.items(), *packages.items()]
    rows = [(name, _plain(value)) for name, value in rows]
    config = json.dumps(run.config, indent=2)
    return blocks.section(
        "To reproduce it",
        element("p", {}, f"Run folder: {run.path}"),
        element("p", {}, text) if command is None else blocks.copyable(command),
        blocks.details("Config", element("pre", {}, config)),
        blocks.details("Environment", blocks.table(("", ""), rows)) if rows else None,
    )


def _plain(value: object) -> str:
    """Writes a value of `environment.json`, a list as its parts with commas."""
    if isinstance(value, Mapping | list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _duration(seconds: float) -> str:
    """Writes seconds in the largest units that fit, as `1 h 5 min`."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
