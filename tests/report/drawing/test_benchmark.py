"""Figures of a benchmark."""

import numpy as np
import pytest

from nao import report
from nao.benchmark import Trajectory, comparison
from tests.comparable import RUNS, make_run

GROUPS = comparison.group(RUNS, maximize=True)


def _lines(figure):
    figure.canvas.draw()
    return {line.get_label(): line for line in figure.axes[0].lines}


def test_regret_is_the_distance_to_the_goal():
    """The two seeds of nao after two queries are at 3 and 1, the goal is 3."""
    lines = _lines(report.draw_regret(GROUPS, 3.0, "accuracy"))
    assert list(lines) == ["nao (2)", "random (1)"]
    assert lines["nao (2)"].get_ydata()[1] == 1  # (0 + 2) / 2


def test_the_share_of_seeds_rises_where_they_arrive():
    lines = _lines(report.draw_queries(GROUPS, 3.0))
    np.testing.assert_array_equal(lines["nao (2)"].get_xdata(), [1, 2, 4, 4])
    np.testing.assert_array_equal(lines["nao (2)"].get_ydata(), [0, 0.5, 1, 1])
    np.testing.assert_array_equal(lines["random (1)"].get_ydata(), [0, 0])


def test_test_numbers_and_seconds_are_drawn():
    lines = _lines(report.draw_test(GROUPS, "test accuracy"))
    np.testing.assert_array_equal(lines["random (1)"].get_ydata(), [0, 10, 10, 20])
    bars = report.draw_seconds(GROUPS).axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([0.625, 0.75])


def test_strategies_beyond_the_colours_get_dashes():
    runs = [Trajectory(**vars(RUNS[2]) | {"strategy": str(i)}) for i in range(10)]
    lines = _lines(report.draw_regret(comparison.group(runs, True), 3.0, "accuracy"))
    looks = {(line.get_color(), line.get_linestyle()) for line in lines.values()}
    assert len(looks) == 10


def test_values_that_charts_cannot_draw_are_drawn_as_the_largest():
    """Their mean was no float64, and the table of numbers a traceback."""
    huge = np.array([-1.2e308, 1.5e308, 1.6e308])
    runs = [
        Trajectory(**vars(make_run("nao", seed, huge)) | {"test": huge})
        for seed in range(2)
    ]
    groups = comparison.group(runs, maximize=True)
    lines = _lines(report.draw_regret(groups, 1.6e308, "score"))
    np.testing.assert_array_equal(lines["nao (2)"].get_ydata()[:1], [2e150])
    lines = _lines(report.draw_test(groups, "test"))
    np.testing.assert_array_equal(lines["nao (2)"].get_ydata(), [-1e150, 1e150, 1e150])
