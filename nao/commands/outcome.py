"""What a search tells on the terminal when it is over."""

import shlex
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from nao.evaluators import Constraint, precision
from nao.system.showing import counted

_WIDTH = 79  # characters of a line


def of_search(
    summary: Mapping[str, Any], folder: str, command_fn: Callable[[str], str]
) -> str:
    """Describes what a search found, and what can be done with it.

    Args:
        summary: What `summary.json` holds.
        folder: Folder of the run.
        command_fn: Maps a mode to the command that runs it on the folder.
    """
    lines = [*_limit(summary), _counts(summary)]
    if summary["best"] is None:
        return "\n".join([*lines, *_nothing(summary)])
    lines += [*_best(summary), *_test(summary), *_front(summary)]
    lines.append(f"To look at it all: {shlex.quote(f'{folder}/report.html')}")
    for mode, does in _next_modes(summary):
        lines.append(f"To {does}:\n  {command_fn(mode)}")
    return "\n".join(lines)


def of_training(result: Mapping[str, Any], folder: str, export: str) -> str:
    """Describes what `--mode=train` came to, and what can be done with it.

    Args:
        result: What `train.json` holds.
        folder: Its folder.
        export: The command that exports the network.
    """
    metrics = result["metrics"]
    objective = result["objective"]
    names = (f"val_{objective}", f"test_{objective}", "train_loss")
    measured = {name: metrics[name] for name in names if name in metrics}
    return "\n".join(
        [
            f"Trained in {metrics['seconds']:.0f} s:",
            f"  {result['architecture']}",
            *_values(measured, result),
            f"All of it: {shlex.quote(f'{folder}/train.json')}",
            f"To take it elsewhere:\n  {export}",
        ]
    )


def _values(named: Mapping[str, float], result: Mapping[str, Any]) -> list[str]:
    """Returns a line for each value, to the digits that its examples can tell."""
    return [
        f"  {name} {_in_full(value, name, result)}" for name, value in named.items()
    ]


def _in_full(value: float, name: str, result: Mapping[str, Any]) -> str:
    """Returns a value with its error, where `result` says what it is a share of."""
    num = result.get("num_examples", {}).get(name)
    return precision.in_full(value, num, result.get("example") or "example")


def _num(summary: Mapping[str, Any]) -> int:
    return summary["num_trials"]


def _limit(summary: Mapping[str, Any]) -> list[str]:
    """Says what ended a search before its number of trials, if anything did."""
    if summary["exhausted"]:
        # An architecture measured with several budgets is several trials.
        num = summary.get("num_distinct", _num(summary))
        which = " that may keep the bounds" if summary.get("constraints") else ""
        warm = ["those of the warm start"] if summary.get("num_warm_start") else []
        known = " and ".join([str(num)] * bool(num or not warm) + warm)
        return [f"The space has no more architectures{which} than {known}."]
    if summary.get("is_spent"):
        return [f"The next trial would cost more than max_cost, {_most(summary)}."]
    return []


def _most(summary: Mapping[str, Any]) -> str:
    return f"{summary['max_cost']:.4g} full evaluations"


def _counts(summary: Mapping[str, Any]) -> str:
    # A run that finished before this was counted has the last process's alone.
    seconds = summary["seconds"]
    total = seconds.get("all_processes", seconds["total"])
    done, cost = counted(_num(summary), "trial"), summary.get("cost")
    if cost not in (None, _num(summary)):
        done += f" at the cost of {cost:.4g} full evaluations"
    return f"{done}, {summary['num_failed']} failed, {total:.0f} s."


def _best(summary: Mapping[str, Any]) -> list[str]:
    best, at_random = summary["best"], summary["random_best"]
    name = summary["objective"]["name"]
    lines, where = _finalists(summary), f"in trial {best['trial']}"
    several = _several(best, summary)
    num = at_random["num_trials"]
    if best["trial"] < num:  # the best of both, which is said once
        where += f", of the random round ({num})"
    # None after a warm start, as all was predicted; the best of all may be among them.
    elif at_random["objective"] is not None:
        found = _in_full(at_random["objective"], name, summary)
        # One number that is the best of many is a lucky one beside a mean.
        once = _several(at_random, summary) or " (measured once)" * bool(several)
        lines.append(f"Best of the random round ({num}): {name} {found}{once}")
    found = _in_full(best["objective"], name, summary)
    lines.append(f"Best: {name} {found}{several} {where}")
    return [*lines, f"  {best['architecture']}"]


def _several(found: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """Says of how many values one is the mean or the last; nothing of a single one."""
    which = "the last" if summary["objective"].get("drifts") else "mean"
    return f" ({which} of {len(found['values'])})" if found.get("values") else ""


def _finalists(summary: Mapping[str, Any]) -> list[str]:
    """Says what the best few measured when they were measured again."""
    found = summary.get("finalists") or []
    done = [each["values"] for each in found if not each["reason"]]
    if not found:
        return []
    if not done:
        return [f"None of the best {len(found)} could be measured again."]
    before, after = (sum(v[i] for v in done) / len(done) for i in (0, -1))
    name, failed = summary["objective"]["name"], len(found) - len(done)
    line = (
        f"The best {len(found)}, measured again: {name} {after:.3g} on average, after"
    )
    return [f"{line} {before:.3g}{f'; {failed} failed' if failed else ''}"]


def _nothing(summary: Mapping[str, Any]) -> list[str]:
    """Says why there is no best."""
    if not _num(summary):
        return []
    if summary["num_failed"] == _num(summary):
        return ["No evaluation succeeded; see metrics.jsonl for the reasons."]
    bounds = [Constraint(**bound) for bound in summary.get("constraints", [])]
    if bounds:
        return [f"No trial keeps the bounds: {', '.join(map(str, bounds))}."]
    return ["No evaluation of the full budget succeeded, so there is no best."]


def _front(summary: Mapping[str, Any]) -> list[str]:
    """Says how large the front of several objectives is, and how far it reaches."""
    found = summary.get("front")
    if not found:
        return []
    names = [objective["name"] for objective in summary["objectives"]]
    lines = [f"Front of {len(found)}, in summary.json and report.html:"]
    for name in names:
        values = [each["values"][name] for each in found]
        lines.append(f"  {name} {min(values):.6g} to {max(values):.6g}")
    return lines


def _test(summary: Mapping[str, Any]) -> list[str]:
    test = summary["best"]["test"]
    if not test:
        return []
    how = summary.get("how_tested")
    title = f"The same, {how}:" if how else "Tested once:"
    return [*textwrap.wrap(title, _WIDTH), *_values(test, summary)]


def _next_modes(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the modes that apply to what was found, and what each is for."""
    modes = []
    if summary["evaluator"] == "TrainingEvaluator":
        modes.append(("train", "train it again and keep the network"))
    modes.append(("export", "take it elsewhere"))
    if summary["controller"]["num_train"]:
        modes.append(("serve", "ask the embedding"))
    return modes
