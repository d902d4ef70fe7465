"""Numbers behind the charts of progress, worked by hand."""

import numpy as np

from nao import report
from nao.evaluators import Objective
from nao.report import curves
from tests.report.trials import make_trials


def test_best_so_far_by_hand():
    trials = make_trials([None, 0.5, 0.3, None, 0.7, 0.6])
    up = report.best_so_far(trials, Objective("accuracy"))
    np.testing.assert_array_equal(up, [np.nan, 0.5, 0.5, 0.5, 0.7, 0.7])
    down = report.best_so_far(trials, Objective("loss", maximize=False))
    np.testing.assert_array_equal(down, [np.nan, 0.5, 0.3, 0.3, 0.3, 0.3])


def test_expected_best_by_hand():
    """Of 1, 2, 4: mean 7/3; pairs 2, 4, 4 mean 10/3; all three and more give 4."""
    population = np.array([4.0, 1.0, 2.0])
    up = curves.expected_best(population, 5, Objective("x"))
    np.testing.assert_allclose(up, [7 / 3, 10 / 3, 4, 4, 4])
    down = curves.expected_best(population, 2, Objective("x", maximize=False))
    np.testing.assert_allclose(down, [7 / 3, 4 / 3])
