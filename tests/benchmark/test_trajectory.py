"""Runs as they are kept: written, read, cut, and refused where they are damaged."""

import json

import numpy as np
import pytest

from nao.benchmark import Trajectory
from tests.comparable import RUNS, make_run


def test_json_round_trip_and_cut():
    back = Trajectory.from_json(json.loads(json.dumps(RUNS[1].to_json())))
    np.testing.assert_array_equal(back.objective, RUNS[1].objective)
    assert back.to_json() == RUNS[1].to_json()
    cut = back.cut(2)
    assert (cut.budget, len(cut.objective), len(cut.architectures)) == (2, 2, 2)


def test_values_are_kept_to_the_last_digit():
    """A third, rounded, would not reach a goal of a third."""
    (third,) = Trajectory.from_json(make_run("a", 0, [1 / 3]).to_json()).objective
    assert third == 1 / 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": []}, "must be lists of one length"),
        ({"objective": [1.0], "test": [1.0, 2.0]}, "must be lists of one length"),
        ({"seed": None}, "lacks 'seed'"),
    ],
    ids=["empty", "lengths", "field"],
)
def test_a_damaged_run_is_refused(change, message):
    data = RUNS[0].to_json() | change
    data = {name: value for name, value in data.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        Trajectory.from_json(data)
