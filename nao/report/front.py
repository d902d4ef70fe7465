"""What a search for several objectives found: its front, as charts and as a table."""

import numpy as np

from nao.evaluators import Objective
from nao.report import blocks, chart, curves, figures
from nao.report.chart import Chart
from nao.report.markup import Element
from nao.runs import StoredRun, Trial, answers

_MOST_LISTED = 100  # architectures of the front with a row


def is_shown(run: StoredRun) -> bool:
    """Says whether a search has a front to show: several objectives, and a success."""
    return len(run.goals.objectives) > 1 and bool(run.front)


def draw(run: StoredRun) -> Element | None:
    """Draws the first two objectives of all trials, and the front.

    None where there is no front.
    """
    if not is_shown(run):
        return None
    first, second = run.goals.objectives[:2]
    values = answers.values(run.trials, run.goals) * run.goals.signs
    is_outside = curves.outside_both((values * run.goals.signs)[:, :2])
    # A front may reach where an axis would not: it is never left out.
    is_outside[[trial.index for trial in run.front]] = False
    inside = values[~is_outside & np.isfinite(values).all(-1)]
    x, y = chart.extent(inside[:, 1]), chart.extent(inside[:, 0])
    drawn = Chart(
        f"{first.label} against {second.label}: all trials and the front",
        x,
        y,
        (second.label, first.label),
    )
    keys = [*_draw_bounds(drawn, run, x, y), ("trial", "trial"), ("best", "front")]
    in_front = {trial.index for trial in run.front}
    for trial in figures.shown(run):
        is_drawn = trial.value is not None and not is_outside[trial.index]
        if is_drawn and trial.index not in in_front:
            drawn.dot(values[trial.index, 1], trial.value, "trial", trial.index)
    edges = _edges(run.front, run, x, y)
    if len(run.goals.objectives) == 2:
        drawn.line(edges[:, 1], edges[:, 0], "best")
    for trial in run.front:
        drawn.dot(values[trial.index, 1], trial.value, "best", trial.index)
    if is_outside.any():
        keys.append(("outside", f"beyond the axes: {is_outside.sum()}"))
    return chart.figure(drawn, _caption(run), *keys)


def _draw_bounds(
    drawn: Chart, run: StoredRun, x: tuple[float, float], y: tuple[float, float]
) -> list[tuple[str, str]]:
    """Draws bounds on the two objectives that lie on the axes; returns their key."""
    first, second = run.goals.objectives[:2]
    is_any = False
    for bound in run.goals.constraints:
        for end in bound.ends:
            if bound.name == second.name and x[0] <= end <= x[1]:
                drawn.line((end, end), y, "random")
            elif bound.name == first.name and y[0] <= end <= y[1]:
                drawn.line(x, (end, end), "random")
            else:
                continue
            is_any = True
    return [("random", "bound")] if is_any else []


def _edges(
    front: list[Trial], run: StoredRun, x: tuple[float, float], y: tuple[float, float]
) -> np.ndarray:
    """Returns the corners of the steps that bound what a front dominates.

    Args:
        front: The front.
        run: The search.
        x: Ends of the axis of the second objective.
        y: Ends of the axis of the first.

    Returns:
        Values of the first and the second objective, float64 [num, 2].
    """
    columns = run.goals.objectives[:2]
    signs = np.array([column.sign for column in columns])
    found = answers.values(front, run.goals)[:, :2]
    found = found[np.argsort(-found[:, 0], kind="stable")]  # the second then rises
    worst = [_worst(c, ends) for c, ends in zip(columns, (y, x), strict=True)]
    corners = [(found[0, 0], worst[1])]
    for here, after in zip(found, [*found[1:], (worst[0], np.nan)], strict=True):
        corners += [tuple(here), (after[0], here[1])]
    return np.array(corners) * signs


def _worst(objective: Objective, ends: tuple[float, float]) -> float:
    """Returns the worse end of an axis, sign-corrected."""
    return min(objective.sign * end for end in ends)


def _caption(run: StoredRun) -> str:
    names = " and ".join(objective.label for objective in run.goals.objectives)
    said = f"{_counted(len(run.front))} that no other trial beats in {names} at once."
    if run.goals.constraints:
        said += f" Bounds: {run.goals.in_words}."
    return said


def _counted(num: int) -> str:
    return "One architecture" if num == 1 else f"{num} architectures"


def volume(run: StoredRun) -> Element | None:
    """Draws the hypervolume of the front after each trial; None without a front."""
    if not is_shown(run):
        return None
    volumes = curves.hypervolumes(run.trials, run.goals)
    edges = np.arange(len(volumes) + 1) + 0.5
    drawn = Chart(
        "Hypervolume of the front after each trial",
        (edges[0], edges[-1]),
        chart.extent(volumes),
        ("trials evaluated", "hypervolume"),
        whole_x=True,
    )
    keys = [("best", "front so far")]
    if run.at_random:
        drawn.band((0.5, len(run.at_random) + 0.5), "band")
        keys.append(("band", "random round"))
    drawn.steps(edges, volumes, "best")
    drawn.note(edges[-1], volumes[-1], f"{volumes[-1]:.4g}", "value")
    caption = (
        "What the front dominates, as a share of the box between the worst and the "
        "best that was measured of each objective."
    )
    return chart.figure(drawn, caption, *keys)


def table(run: StoredRun) -> Element | None:
    """Lists the front, the best in the first objective first; None without one."""
    if not is_shown(run):
        return None
    columns = run.goals.columns
    listed = run.front[:_MOST_LISTED]
    rows = [
        [
            trial.index,
            *[f"{run.goals.named(trial.evaluation)[c.name]:.6g}" for c in columns],
            run.space.format(trial.tokens),
        ]
        for trial in listed
    ]
    head = ["trial", *[column.label for column in columns], "architecture"]
    return blocks.section(
        f"The front: {_counted(len(run.front))}".replace("One arch", "one arch"),
        blocks.table(head, rows, range(len(columns) + 1)),
    )
