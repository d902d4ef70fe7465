import re

import numpy as np
import pytest

import nao
from nao import report, strategies
from nao.evaluators import FunctionEvaluator
from nao.runs import reader
from tests.searching import CONFIG, SPACE


def huge(choices):
    """Both signs, so that even the range is no float64."""
    sign = 1 if choices["slot0"] in (0, 1) else -1
    return sign * 1e308 * (1 + 0.1 * choices["slot1"])


@pytest.fixture
def run(tmp_path):
    nao.search(
        strategies.NAO(SPACE, CONFIG),
        FunctionEvaluator(SPACE, huge),
        num_trials=14,
        seed=2,  # which has the largest value among its random ones
        workdir=tmp_path,
        progress=False,
        report=False,
    )
    return reader.read(tmp_path)


def test_a_search_of_huge_numbers_has_its_page(run):
    """It ended in `Axis limits cannot be NaN or Inf`, and no report was left."""
    text = report.write_page(run).read_text()
    assert "Values beyond 1e+150 are drawn in the figures as that." in text
    assert not re.search(r'"(nan|-?inf)"', text)
    assert "1.3e+308" in text  # what was measured is what is written
    figure = report.draw_progress(run.trials, run.objective)
    assert np.isfinite(figure.axes[0].get_ylim()).all()
    report.save(figure, run.path / "figure")


def test_huge_numbers_are_predicted(run):
    embedding = nao.Embedding.from_workdir(run.path)
    mean, std = embedding.predict(embedding.tokens)
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
