"""What the page says in tables: failures, times, how to repeat a search."""

import collections
import json
from collections.abc import Mapping

from nao.report import blocks, next_steps
from nao.report.markup import Element, element
from nao.runs import StoredRun
from nao.system.showing import counted

_MOST_LISTED = 12  # numbers of trials that failed for the same reason


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
    num = counted(len(run.trials), "trial")
    text = f"{len(run.failed)} of {num} failed; the search went on."
    return blocks.section(
        "Failures",
        element("p", {}, text),
        blocks.table(("reason", "trials", "which"), rows, right=(1,)),
    )


def times(run: StoredRun) -> Element | None:
    """Says where the time went, and what was compiled; None without trials."""
    if not run.trials:
        return None
    seconds = run.summary.get("seconds")
    if not seconds:
        summed = sum(trial.evaluation.seconds for trial in run.trials)
        text = f"All evaluations together took {blocks.duration(summed)}."
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
            counted(total, "compilation"),
            blocks.table(("program", "times"), most_first, right=(1,)),
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
            f"{name}: {blocks.duration(value)}",
        )
        for i, (name, value) in enumerate(parts.items())
    ]
    bar = element("div", {"class": "bar"}, *bars)
    return bar, element("p", {"class": "legend"}, *legend)


def _in_sentences(run: StoredRun) -> str:
    """Says how long the search's last process took, and how much memory."""
    seconds = run.summary["seconds"]
    total, trace, compiled = (
        blocks.duration(seconds[name]) for name in ("total", "trace", "compile")
    )
    sentences = [
        f"The process that ended last searched for {total}, of them {trace} tracing "
        f"and {compiled} compiling or reading compiled programs."
    ]
    first = seconds.get("first_child")
    if first:
        done = f"its first trial was done {blocks.duration(first)} after its start."
        sentences.append(f"Imports included, {done}")
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
