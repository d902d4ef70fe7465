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


def test_the_best_so_far_is_a_step():
    """It sloped towards what was found later; bands go with the lines."""
    figure = report.draw_regret(GROUPS, 3.0, "accuracy")
    assert {line.get_drawstyle() for line in figure.axes[0].lines} == {"steps-post"}
    # After one query of both seeds of nao, one of which has failed, regret is 2.
    corners = figure.axes[0].collections[0].get_paths()[0].vertices
    assert {(1.0, 2.0), (2.0, 2.0)} <= set(map(tuple, corners))


def test_of_many_strategies_only_nao_has_a_band():
    """Eight of them hid each other."""
    runs = [
        make_run(name, seed, [seed, 2.0 + seed])
        for name in ("nao", *"abcd")
        for seed in range(2)
    ]
    groups = comparison.group(runs, maximize=True)
    for some, num in ((groups, 1), (groups[:4], 4)):
        axes = report.draw_regret(some, 3.0, "accuracy").axes[0]
        assert len(axes.collections) == num
        assert axes.get_title("left").endswith("nao") == (num == 1)


def test_of_many_strategies_without_nao_none_has_a_band():
    runs = [make_run(name, seed, [1.0, 2.0]) for name in "abcde" for seed in (0, 1)]
    groups = comparison.group([*runs, make_run("nao", 0, [1.0, 2.0])], maximize=True)
    for some in (groups, groups[:5]):
        axes = report.draw_regret(some, 3.0, "accuracy").axes[0]
        assert not axes.collections and not axes.get_title("left")


def test_a_single_seed_has_no_band_and_no_word_of_it():
    groups = comparison.group([make_run("nao", 0, [1.0, 2.0])], maximize=True)
    axes = report.draw_regret(groups, 3.0, "accuracy").axes[0]
    assert not axes.collections and not axes.get_title("left")


def test_the_share_of_seeds_rises_where_they_arrive():
    lines = _lines(report.draw_queries(GROUPS, 3.0))
    np.testing.assert_array_equal(lines["nao (2)"].get_xdata(), [1, 2, 4, 4])
    np.testing.assert_array_equal(lines["nao (2)"].get_ydata(), [0, 0.5, 1, 1])
    np.testing.assert_array_equal(lines["random (1)"].get_ydata(), [0, 0])


def test_test_numbers_and_seconds_are_drawn():
    lines = _lines(report.draw_test(GROUPS, "test accuracy"))
    np.testing.assert_array_equal(lines["random (1)"].get_ydata(), [0, 10, 10, 20])
    lines = _lines(report.draw_seconds(GROUPS))
    means = [lines[name].get_xdata()[0] for name in ("nao", "random")]
    assert means == pytest.approx([0.625, 0.75])


def test_seconds_have_a_dot_for_each_seed():
    """The first seed of nao took 1 second after 1 of compilation for 2 queries."""
    axes = report.draw_seconds(GROUPS).axes[0]
    dots = [line.get_xdata() for line in axes.lines if line.get_markersize() == 5]
    assert [list(seeds) for seeds in dots] == [[0.5, 0.75], [0.75]]
    assert [text.get_text() for text in axes.texts] == ["0.62 s", "0.75 s"]


def test_short_times_have_a_unit_that_fits():
    """At the axis and at the dots there was 1e-05."""
    fast = make_run("random", 0, [1.0, 2.0])
    seconds = {"seconds": np.array([1e-5, 4e-5]), "compile_seconds": np.zeros(2)}
    groups = comparison.group([Trajectory(**vars(fast) | seconds)], maximize=True)
    figure = report.draw_seconds(groups)
    figure.canvas.draw()
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.02 ms"]
    assert "0.02 ms" in [tick.get_text() for tick in axes.get_xticklabels()]


def test_nao_is_wide_and_over_the_others():
    for figure in (
        report.draw_regret(GROUPS, 3.0, "accuracy"),
        report.draw_queries(GROUPS, 3.0),
    ):
        lines = _lines(figure)
        nao, random = lines["nao (2)"], lines["random (1)"]
        assert nao.get_linewidth() > 2 * random.get_linewidth() - 0.1
        assert nao.get_zorder() > random.get_zorder()


def test_axes_say_their_units():
    def y_label(figure):
        return figure.axes[0].get_ylabel()

    regret = report.draw_regret(GROUPS, 3.0, "accuracy (%)")
    assert y_label(regret) == "regret of the best so far, accuracy (%)"
    queries = report.draw_queries(GROUPS, 3.0, "%")
    assert y_label(queries) == "share of seeds that found 3 %"
    queries.canvas.draw()
    ticks = [tick.get_text() for tick in queries.axes[0].get_yticklabels()]
    assert "100 %" in ticks
    assert "time" in report.draw_seconds(GROUPS).axes[0].get_xlabel()


def test_queries_are_plain_numbers_at_the_ticks():
    figure = report.draw_queries(GROUPS, 3.0)
    figure.canvas.draw()
    ticks = {tick.get_text() for tick in figure.axes[0].get_xticklabels()}
    assert {"1", "2"} <= ticks


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


def test_a_figure_says_that_its_values_were_cut():
    def said(figure):
        return figure.get_supxlabel()

    huge = comparison.group([make_run("nao", 0, [1e308], [1e308])], maximize=True)
    note = "Values beyond 1e+150 are drawn as that."
    assert said(report.draw_regret(huge, 1e308, "score")) == note
    assert said(report.draw_test(huge, "test")) == note
    assert said(report.draw_regret(GROUPS, 3.0, "score")) == ""
    assert said(report.draw_test(GROUPS, "test")) == ""
