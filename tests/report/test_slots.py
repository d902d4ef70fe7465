"""What was chosen in each slot, worked by hand."""

import numpy as np

from nao import spaces
from nao.evaluators import Objective
from nao.report import slots
from tests.report.trials import make_trials

SPACE = spaces.custom({"depth": (1, 2), "width": (8, 16, 32)})


def test_shares_by_hand():
    rows = np.stack([SPACE.parse(f"depth={d} width={w}") for d, w in [(1, 8), (2, 8)]])
    depth, width = slots.shares(SPACE, rows)
    np.testing.assert_allclose(depth, [0.5, 0.5])
    np.testing.assert_allclose(width, [1, 0, 0])
    assert slots.chosen(SPACE, rows[1]) == [1, 0]


def test_chance_counts_what_there_is():
    """Of the three rows two have depth 1."""
    depth, width = slots.by_chance(SPACE)
    np.testing.assert_allclose(depth, [1 / 2] * 2)
    np.testing.assert_allclose(width, [1 / 3] * 3)
    texts = ("depth=1 width=8", "depth=1 width=16", "depth=2 width=8")
    listed = spaces.Subset(SPACE, np.stack([SPACE.parse(text) for text in texts]))
    np.testing.assert_allclose(slots.by_chance(listed)[0], [2 / 3, 1 / 3])


def test_chance_in_a_space_too_large_to_list():
    space = spaces.custom({f"slot {i}": range(4) for i in range(20)})
    np.testing.assert_allclose(slots.by_chance(space), 1 / 4, atol=0.01)


def test_the_best_come_first_and_failures_not_at_all():
    trials = make_trials([0.5, None, 0.7, 0.6])
    best = slots.best_first(trials, Objective("loss", maximize=False), 2)
    assert [trial.value for trial in best] == [0.5, 0.6]


def test_spaces_with_a_drawing_of_their_own_are_not_made_of_slots(space):
    plain = (spaces.Space, spaces.Constrained)
    assert slots.is_made_of_slots(space) == (type(space) in plain)
