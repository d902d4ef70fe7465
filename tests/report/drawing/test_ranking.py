"""The figure of a ranking."""

import numpy as np

from nao import report
from nao.benchmark import Ranking, Scores
from nao.evaluators import Evaluation, Objective


def _ranking(true, *scores):
    measured = [[Evaluation(x) for x in values] for values in (true, *scores)]
    runs = [Scores(f"seed {i}", s, 1.0) for i, s in enumerate(measured[1:])]
    return Ranking(
        "toy",
        list(map(str, range(len(true)))),
        np.arange(len(true), dtype=float),
        Objective("val200", unit="%"),
        "a table",
        measured[0],
        Objective("val_loss", maximize=False),
        "weights",
        runs,
    )


def test_dots_are_means_and_lines_ranges():
    ranking = _ranking([70.0, 80.0], [3.0, 2.0], [5.0, 1.0])
    figure = report.draw_ranking(ranking)
    left, right = figure.axes
    assert left.lines[0].get_xdata().tolist() == [4.0, 1.5]
    assert left.lines[0].get_ydata().tolist() == [70.0, 80.0]
    ends = [line[:, 0].tolist() for line in left.collections[0].get_segments()]
    assert ends == [[3.0, 5.0], [1.0, 2.0]]
    assert right.lines[0].get_xdata().tolist() == [0.0, 1.0]
    title = left.get_title("left")
    assert title == "Kendall's tau-b 1.00 ± 0.00; line: range of 2 seeds"
    assert figure.get_supxlabel() == ""


def test_what_is_far_worse_is_left_out_and_counted():
    true = [*np.linspace(80.0, 90.0, 20), 10.0]
    figure = report.draw_ranking(_ranking(true, [-x for x in true]))
    assert figure.axes[0].get_ylim()[0] > 70
    assert figure.get_supxlabel() == "Not shown: 1 far worse than most."


def test_scores_without_an_order_have_no_tau():
    figure = report.draw_ranking(_ranking([1.0, 2.0], [5.0, 5.0]))
    assert figure.axes[0].get_title("left") == "Kendall's tau-b -"
