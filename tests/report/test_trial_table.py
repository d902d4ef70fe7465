"""The table of trials: its order, its columns, its decimals."""

import dataclasses

import numpy as np
import pytest

from nao import spaces
from nao.evaluators import Goals, Objective
from nao.report import trial_table
from nao.runs import StoredRun
from nao.runs.record import SearchRecord
from tests.report.trials import make_trials

SPACE = spaces.custom({"depth": (1, 2)})


def table_of(values, metrics=None, objective=None, num_examples=None):
    trials = [
        dataclasses.replace(
            trial,
            tokens=np.ones(1, np.int32),
            evaluation=dataclasses.replace(trial.evaluation, metrics=metrics or {}),
        )
        for trial in make_trials(values)
    ]
    record = SearchRecord(
        SPACE,
        Goals((objective or Objective("score"),)),
        "random",
        num_examples=num_examples or {},
    )
    run = StoredRun(
        None, record, trials, "finished", {}, {}, {}, is_lost=False, notes=()
    )
    return trial_table.trials(run)


def heads(table):
    return ["".join(head.itertext()) for head in table.iter("th")]


def column(table, i):
    return [row.findall("td")[i].text for row in table.findall(".//tbody/tr")]


@pytest.mark.parametrize("maximize", [True, False])
def test_the_best_come_first_and_failures_last(maximize):
    table = table_of([2.0, None, 3.0, 1.0], objective=Objective("score", maximize))
    order = ["3", "2", "1"] if maximize else ["1", "2", "3"]
    assert column(table, 1) == [*order, "failed"]
    (sorted_by,) = (h for h in table.iter("th") if h.get("aria-sort") != "none")
    assert sorted_by.get("aria-sort") == ("descending" if maximize else "ascending")
    assert "".join(sorted_by.itertext()) == "score"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.979167, 0.96875, 0.5], ["0.979167", "0.968750", "0.500000"]),
        ([91.6067, 89.5], ["91.6067", "89.5000"]),
        ([3.0, 2.0], ["3", "2"]),
        ([1e12, 0.5], ["1e+12", "0.5"]),
        ([0.5, 1e-7], ["0.5", "1e-07"]),
        ([0.0, -1234567.5], ["0", "-1234568"]),
    ],
)
def test_points_align(values, expected):
    assert column(table_of(values), 1) == expected


def test_names_that_repeat_are_columns_of_their_own():
    """An objective called as another column moved all cells beside it."""
    table = table_of([1.5], {"architecture": 7.0}, Objective("round"))
    assert heads(table) == ["trial", "round", "round", "architecture", "architecture"]
    cells = [cell.text for cell in table.findall(".//tbody/tr/td")]
    assert cells == ["0", "1.5", "0", "7", "depth=1"]


def test_what_was_noted_beside_is_shown_on_demand():
    table = table_of([1.5], {"num_parameters": 12.0})
    shown = [head for head in table.iter("th") if "more" not in head.get("class", "")]
    assert [head.findtext("button") for head in shown] == [
        "trial",
        "score",
        "architecture",
    ]
    assert table.findtext("label") == "also round, num parameters"


def test_accuracies_have_the_digits_that_their_images_can_tell():
    """They had six, of which three were made up; they sort by all of them."""
    values = [0.9921875, 0.5026042]
    table = table_of(values, {"loss": 1 / 3}, num_examples={"score": 384})
    assert column(table, 1) == ["0.992", "0.503"]
    cells = [row.findall("td")[1] for row in table.findall(".//tbody/tr")]
    assert [float(cell.get("data-value")) for cell in cells] == values
    assert column(table, 3) == ["0.3333"] * 2
