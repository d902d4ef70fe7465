"""The best architecture of a space from slots, against others and against chance."""

from collections.abc import Sequence

import numpy as np

from nao.report import blocks, rounding, slots
from nao.report.markup import Element, element
from nao.runs import StoredRun, answers

_NUM_BEST = 10  # trials that the best is compared with
_MOST_CHIPS = 12  # choices of a slot that are listed


def table(run: StoredRun) -> Element:
    """Lists the slots: the choices, the one of the best, and who else chose it."""
    allowed = answers.allowed(run.trials, run.goals)
    best = slots.best_first(allowed, run.objective, _NUM_BEST)
    shares = slots.shares(run.space, np.array([trial.tokens for trial in best]))
    chance = slots.by_chance(run.space)
    head = ("slot", "choices", f"of the best {len(best)}", "by chance")
    rows = [
        (
            slot.name,
            _chips(slot.choices, index),
            _percent(own[index]),
            _percent(random[index]),
        )
        for slot, index, own, random in zip(
            run.space.slots,
            slots.chosen(run.space, run.best.tokens),
            shares,
            chance,
            strict=True,
        )
    ]
    note = (
        f"Filled: the choice of the best trial; beside it, how many of the best "
        f"{len(best)} trials made the same, and how many random architectures do."
    )
    return element(
        "div",
        {"class": "choices"},
        blocks.table(head, rows, right=(2, 3)),
        element("p", {"class": "caption"}, note),
        blocks.details("What each choice measured", _measured(run)),
    )


def _chips(choices: Sequence, index: int) -> Element:
    """Returns the choices side by side, the chosen one filled."""
    # Of too many, those around it.
    first = max(0, min(index - _MOST_CHIPS // 2, len(choices) - _MOST_CHIPS))
    shown = range(first, min(first + _MOST_CHIPS, len(choices)))
    chips = [
        element("span", {"class": "chip chosen" if i == index else "chip"}, text)
        for i, text in ((i, str(choices[i])) for i in shown)
    ]
    left_out = len(choices) - len(shown)
    more = element("span", {"class": "rest"}, f"{left_out} more") if left_out else None
    return element("div", {"class": "chips"}, *chips, more)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _measured(run: StoredRun) -> Element:
    """Lists what trials with each choice measured, best choice of a slot first."""
    done = answers.measured(run.trials)
    indices = np.array([slots.chosen(run.space, trial.tokens) for trial in done])
    values = np.array([trial.value for trial in done])
    rows, places = [], rounding.places(run)
    for column, slot in zip(indices.T, run.space.slots, strict=True):
        groups = [(c, values[column == i]) for i, c in enumerate(slot.choices)]
        tried = [(choice, found) for choice, found in groups if len(found)]
        tried.sort(key=lambda item: -run.objective.sign * _median(item[1]))
        rows += [(slot.name, *_row(run, places, *item)) for item in tried]
    name = run.objective.label
    head = ("slot", "choice", "trials", f"{name}, median", "best")
    return blocks.table(head, rows, right=(2, 3, 4))


def _row(
    run: StoredRun, places: int | None, choice: object, values: np.ndarray
) -> tuple:
    best = values.max() if run.objective.maximize else values.min()
    texts = [rounding.to_places(value, places) for value in (_median(values), best)]
    return str(choice), len(values), *texts


def _median(values: np.ndarray) -> float:
    """Returns the lower median: a mean of two huge values may be no number."""
    return float(np.sort(values)[(len(values) - 1) // 2])
