"""Paths on a chart, by their coordinates."""

import numpy as np

from nao.report import paths

TO_AND_FRO = np.array([(0, 0), (50, 0), (100, 0), (110, 0), (100, 0), (110, 0)], float)


def test_steps_to_and_fro_become_one():
    found = paths.settled(TO_AND_FRO, 20)
    np.testing.assert_allclose(found, [(0, 0), (50, 0), (105, 0)])


def test_a_path_that_goes_on_is_kept():
    straight = np.stack([np.arange(0.0, 500, 50), np.zeros(10)], 1)
    np.testing.assert_allclose(paths.settled(straight, 20), straight)


def test_a_path_that_stays_has_two_ends():
    assert paths.settled(np.zeros((11, 2)), 20).shape == (2, 2)


def test_ends_keep_apart_and_lie_on_their_paths():
    starts = [(0, 0), (100, 100), (0, 100)]
    given = [np.array([start, (50, 50)], float) for start in starts]
    found = paths.apart(given, np.array([(50.0, 50.0)]), 12)
    ends = np.array([path[-1] for path in found])
    for i, end in enumerate(ends):
        others = np.concatenate([ends[:i], [(50, 50)]])
        assert np.hypot(*(others - end).T).min() >= 12
        # Each lies on the diagonal that its path follows.
        assert end[0] == end[1] or round(end[0] + end[1], 6) == 100
    assert [tuple(path[0]) for path in found] == starts


def test_a_path_that_can_not_keep_apart_is_left_as_it_is():
    given = [np.array([(50, 50), (52, 50)], float), np.zeros((2, 2))]
    for path, found in zip(
        given, paths.apart(given, np.array([(50.0, 50.0), (0, 0)]), 12), strict=True
    ):
        np.testing.assert_array_equal(path, found)
