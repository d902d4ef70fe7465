"""Arrows that can be told apart, by their coordinates."""

import numpy as np

from nao.report import arrows


def chosen(*pairs, most=8):
    starts, ends = np.array(pairs, float).swapaxes(0, 1)
    return arrows.readable(starts, ends, most)


def test_of_two_that_cross_the_first_is_drawn():
    down, up = ((0, 0), (100, 100)), ((0, 100), (100, 0))
    assert chosen(down, up) == chosen(up, down) == [0]
    assert chosen(down, ((0, 100), (40, 80)), up) == [0, 1]


def test_arrows_of_one_end_come_from_different_sides():
    """Ascents that all led to one place were a knot there."""
    end = (100, 100)
    assert chosen(((0, 100), end), ((0, 90), end), ((100, 0), end)) == [0, 2]


def test_no_end_lies_on_another_arrow():
    along = ((0, 0), (100, 0))
    assert chosen(along, ((50, 80), (50, 10))) == [0]
    assert chosen(along, ((50, 10), (50, 80))) == [0]
    assert chosen(along, ((50, 80), (50, 20))) == [0, 1]


def test_an_arrow_between_marks_that_touch_is_left_out():
    assert chosen(((0, 0), (10, 0)), ((0, 50), (0, 50)), ((0, 0), (50, 0))) == [2]


def test_no_more_than_asked_for():
    rows = [((0, y), (100, y)) for y in range(0, 200, 20)]
    assert chosen(*rows, most=3) == [0, 1, 2]


def test_nothing_to_choose_from():
    assert arrows.readable(np.zeros((0, 2)), np.zeros((0, 2)), 8) == []
