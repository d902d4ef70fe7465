"""What a mixture of all architectures came to: its weights, and skips of its cells."""

import numpy as np

from nao.evaluators.mixture import WEIGHT
from nao.report import chart
from nao.report.chart import Chart
from nao.report.markup import Element, element
from nao.runs import StoredRun, Trial
from nao.spaces.conv_cell import CELLS

_NUM_LOOKS = 8  # of lines, in the style sheet
# Share of skips from which a cell counts as collapsed.
_COLLAPSED = 0.5


def draw(run: StoredRun) -> Element | None:
    """Draws mean weights of operations by cell, and counts skips; None without any."""
    done = [t for t in run.trials if any(map(is_weight, t.evaluation.metrics))]
    if not done:
        return None
    kinds = {kind: f"{WEIGHT}{kind}_" for kind in CELLS}
    # Of a space with a single kind of cell no name has a kind.
    names = [name for name in done[0].evaluation.metrics if is_weight(name)]
    if not any(name.startswith(tuple(kinds.values())) for name in names):
        kinds = {"": WEIGHT}
    figures = [
        _weights(kind, done, {n.removeprefix(p): n for n in names if n.startswith(p)})
        for kind, p in kinds.items()
    ]
    skips = element("p", {"class": "caption"}, _skips(run, done))
    return element("div", {}, *figures, skips)


def is_weight(name: str) -> bool:
    """Says whether a metric is the mean weight of an operation."""
    return name.startswith(WEIGHT)


def _weights(kind: str, done: list[Trial], names: dict[str, str]) -> Element:
    """Draws the mean weight of each operation of one kind of cell.

    Args:
        kind: Kind of the cells; empty where there is one.
        done: Trials with weights.
        names: Metrics by the operation they are the weight of.
    """
    numbers = [trial.index + 1 for trial in done]
    lines = {
        operation: [trial.evaluation.metrics[name] for trial in done]
        for operation, name in names.items()
    }
    cells = f"{kind} cells" if kind else "cells"
    drawn = Chart(
        f"Mean weight of each operation in {cells}",
        (min(numbers) - 0.5, max(numbers) + 0.5),
        chart.extent(np.ravel(list(lines.values()))),
        ("trials evaluated", f"mean weight in {cells}"),
        whole_x=True,
    )
    keys = []
    for number, (operation, weights) in enumerate(lines.items()):
        look = f"weight weight-{number % _NUM_LOOKS}"
        drawn.line(numbers, weights, look)
        keys.append((look, operation))
    last = {operation: weights[-1] for operation, weights in lines.items()}
    most = max(last, key=last.get)
    caption = (
        f"Mean over the edges of {cells}; all operations of an edge add up to 1. In "
        f"the end {most} has most, {last[most]:.3g}; alike, each would have "
        f"{1 / len(last):.3g}."
    )
    return chart.figure(drawn, caption, *keys)


def _skips(run: StoredRun, done: list[Trial]) -> str:
    """Says how many skips derived cells have: too many are DARTS's known failure."""
    skips = np.array([trial.evaluation.metrics["num_skips"] for trial in done], int)
    # A branch of a cell is two slots, an input and an operation, as an encoder step is.
    branches = run.space.length // run.space.group
    text = (
        f"Of {branches} operations {skips[-1]} are skips in the last architecture "
        f"derived, {skips[0]} were in the first, at most {skips.max()} in any."
    )
    if skips[-1] >= _COLLAPSED * branches:
        text += (
            " Half of them or more: the search has collapsed to skips, the known "
            "failure of DARTS, and its choice is not to be trusted."
        )
    return text
