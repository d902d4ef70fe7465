"""The progress of a search, on lists of trials worked by hand."""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest

from nao import report
from nao.evaluators import Objective
from tests.report.trials import make_trials

_ACCURACY = Objective("val_accuracy")
_LOSS = Objective("validation_loss", maximize=False, unit="nats")


def _lines(figure):
    """Returns the labelled lines of a figure, by the first word of their label."""
    figure.canvas.draw()
    lines = figure.axes[0].lines
    return {line.get_label().split()[0]: line for line in lines}


@pytest.mark.parametrize(
    ("objective", "expected"),
    [(_ACCURACY, [0.5, 0.5, 0.7, 0.7]), (_LOSS, [0.5, 0.3, 0.3, 0.3])],
    ids=["maximize", "minimize"],
)
def test_best_so_far_is_drawn_from_trial_one_to_the_edge(objective, expected):
    figure = report.draw_progress(make_trials([0.5, 0.3, 0.7, 0.6]), objective)
    line = _lines(figure)["best"]
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 4.5])
    np.testing.assert_array_equal(line.get_ydata(), [*expected, expected[-1]])
    assert line.get_drawstyle() == "steps-post"
    assert figure.axes[0].get_xlim() == (0.5, 4.5)


def test_axes_are_labelled_with_units_and_the_random_round_is_named():
    figure = report.draw_progress(make_trials([3.0, 2.0, 2.5, 1.0, 0.5, 0.7]), _LOSS)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "validation loss (nats)"
    assert axes.get_xlabel() == "trials evaluated"
    assert [text.get_text() for text in axes.texts] == ["random", "round 1"]
    (shade,) = axes.patches
    assert (shade.get_x(), shade.get_width()) == (0.5, 4)


def test_failed_trials_are_counted_on_the_lower_edge():
    lines = _lines(report.draw_progress(make_trials([0.1, None, 0.3, None]), _ACCURACY))
    assert lines["failed:"].get_label() == "failed: 2"
    np.testing.assert_array_equal(lines["failed:"].get_xdata(), [2, 4])
    np.testing.assert_array_equal(lines["trial"].get_xdata(), [1, 3])


@pytest.mark.parametrize(
    ("objective", "terrible", "label"),
    [(_ACCURACY, -50.0, "below"), (_LOSS, 900.0, "above")],
    ids=["maximize", "minimize"],
)
def test_a_few_terrible_trials_do_not_squeeze_the_axis(objective, terrible, label):
    values = [*np.linspace(0.5, 0.9, 18), terrible, terrible]
    figure = report.draw_progress(make_trials(values, 5), objective)
    lines = _lines(figure)
    assert lines[label].get_label() == f"{label} the axis: 2"
    np.testing.assert_array_equal(lines[label].get_xdata(), [19, 20])
    low, high = figure.axes[0].get_ylim()
    assert 0.4 < low < 0.5 and 0.9 < high < 1.0


def test_terrible_trials_stand_out_where_the_others_tie():
    figure = report.draw_progress(make_trials([0.5] * 12 + [0.6, -50.0]), _ACCURACY)
    assert _lines(figure)["below"].get_label() == "below the axis: 1"


def test_the_best_trial_is_never_left_out():
    figure = report.draw_progress(
        make_trials([0.5, 0.51, 0.52, 0.53] * 5 + [9.0]), _LOSS
    )
    assert "above" in _lines(figure)
    figure = report.draw_progress(make_trials([0.5, 0.51, 0.52] * 5 + [9.0]), _ACCURACY)
    assert figure.axes[0].get_ylim()[1] > 9 and "below" not in _lines(figure)


@pytest.mark.parametrize(
    "values",
    [[0.5], [None], [None] * 6, [0.5] * 6, [0.0, 0.0], [1e-9, 2e-9], [-3.0, None]],
    ids=str,
)
@pytest.mark.parametrize("objective", [_ACCURACY, _LOSS], ids=lambda o: o.name)
def test_edge_cases_are_drawn(values, objective):
    figure = report.draw_progress(make_trials(values), objective)
    lines = _lines(figure)
    known = [value for value in values if value is not None]
    assert ("best" in lines) == ("trial" in lines) == bool(known)
    low, high = figure.axes[0].get_ylim()
    assert all(low < value < high for value in known)


@pytest.mark.parametrize(("num", "round_size"), [(95, 1), (300, 10), (600, 100)])
def test_labels_of_rounds_keep_apart(num, round_size, rng):
    figure = report.draw_progress(
        make_trials(list(rng.random(num)), round_size), _ACCURACY
    )
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    extents = [t.get_window_extent(renderer) for t in figure.axes[0].texts]
    assert len(extents) > 4
    for left, right in itertools.pairwise(extents):
        assert left.x1 < right.x0
    assert extents[-1].x1 < figure.bbox.x1


def test_trials_of_smaller_budgets_alone_are_drawn_without_a_warning():
    """Matplotlib complained on the terminal that there was nothing for a legend."""
    trials = [
        dataclasses.replace(trial, budget=1.0, is_full=False)
        for trial in make_trials([0.5, 0.7])
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = report.draw_progress(trials, _ACCURACY)
    assert not figure.legends


def test_no_trials_are_refused():
    with pytest.raises(ValueError, match="at least one trial"):
        report.draw_progress([], _ACCURACY)
