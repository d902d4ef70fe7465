"""The front of a search for several objectives: its charts, its table, its figure."""

import dataclasses

import numpy as np
import pytest

from nao import report, strategies
from nao.evaluators import (
    Constraint,
    Evaluation,
    FunctionEvaluator,
    Goals,
    Objective,
)
from nao.report import bounds, curves, figures, front, hover
from nao.report.markup import to_html
from nao.runs import StoredRun
from nao.runs.record import SearchRecord
from nao.spaces import custom
from tests import searching
from tests.report.trials import make_trials

SPACE = custom({"a": (1, 2)})
GOALS = Goals((Objective("score"), Objective("size", maximize=False)))
# Trials 1, 2 and 4 are the front: 0 is dominated by 1, 3 failed, 5 by 4.
ROWS = [(1, 5), (2, 4), (4, 8), None, (1, 1), (0.5, 3)]


def trials_of(rows):
    made = make_trials([row and row[0] for row in rows], 2)
    return [
        trial
        if row is None
        else dataclasses.replace(
            trial,
            tokens=np.array([1], np.int32),
            evaluation=Evaluation(float(row[0]), {"size": float(row[1])}),
        )
        for trial, row in zip(made, rows, strict=True)
    ]


def run_of(rows=ROWS, goals=GOALS):
    record = SearchRecord(SPACE, goals, "nao")
    return StoredRun(
        None, record, trials_of(rows), "finished", {}, {}, {}, is_lost=False, notes=()
    )


def test_the_front_is_drawn_and_listed_best_first():
    run = run_of()
    assert [trial.index for trial in run.front] == [2, 1, 4] and run.best.index == 2
    drawn = to_html(front.draw(run))
    assert drawn.count('class="best" data-trial') == 3
    assert drawn.count('class="trial" data-trial') == 2
    assert "3 architectures that no other trial beats" in drawn
    listed = to_html(front.table(run))
    rows = [f'"number">{trial}</td>' for trial in (2, 1, 4)]
    assert listed.index(rows[0] + '<td class="number">4<') < listed.index(rows[2])


def test_bounds_are_drawn_and_named():
    bounds = (Constraint("size", at_most=4), Constraint("score", at_least=0.7))
    run = run_of(goals=dataclasses.replace(GOALS, constraints=bounds))
    assert [trial.index for trial in run.front] == [1, 4]
    drawn = to_html(front.draw(run))
    assert drawn.count('<polyline class="random"') == 2
    assert "Bounds: size at most 4, score at least 0.7." in drawn


def test_the_hypervolume_by_hand():
    """The box is 3.5 wide and 7 high: (1, 5) holds 0.5 * 3 of it, (2, 4) 1.5 * 4."""
    found = curves.hypervolumes(run_of().trials, GOALS)
    np.testing.assert_allclose(found[:2], np.array([0.5 * 3, 1.5 * 4]) / (3.5 * 7))
    # (4, 8) has the worst size, so it holds nothing of the box.
    assert found[2] == found[3] == found[1]
    np.testing.assert_allclose(found[4], (1.5 * 4 + 0.5 * 3) / (3.5 * 7))
    assert (np.diff(found) >= 0).all()
    assert "hypervolume" in to_html(front.volume(run_of()))


def test_one_objective_and_no_success_have_no_front():
    single = run_of(goals=Goals(GOALS.objectives[:1]))
    failed = run_of([None, None])
    for run in (single, failed):
        assert [f(run) for f in (front.draw, front.volume, front.table)] == [None] * 3
        with pytest.raises(ValueError, match="A front needs two objectives"):
            report.draw_front(run.trials, run.goals)


def test_what_a_bound_rules_out_does_not_push_the_front_from_the_page(monkeypatch):
    """Of a long search the best half was shown, whether or not it kept the bounds."""
    monkeypatch.setattr(figures, "_MOST_MARKS", 4)
    bounds = (Constraint("size", at_most=1),)
    rows = [(9 - i, 5) for i in range(4)] + [(1, 1)] + [(0, 5)] * 4
    run = run_of(rows, dataclasses.replace(GOALS, constraints=bounds))
    assert [trial.index for trial in run.front] == [4]
    assert 4 in [trial.index for trial in figures.shown(run)]


def test_a_figure_shows_trials_front_and_bounds():
    goals = dataclasses.replace(GOALS, constraints=(Constraint("size", at_most=4),))
    figure = report.draw_front(run_of().trials, goals)
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("size", "score")
    trials, found, steps, bound = axes.lines
    assert np.isfinite(trials.get_xdata()).sum() == 5
    assert found.get_xydata().tolist() == [[4, 2], [1, 1]]
    assert steps.get_xdata().tolist() == [1, 4] and bound.get_xdata() == [4, 4]


@pytest.mark.parametrize("size", [lambda i: 1e308 * (-1) ** i, lambda i: 1e308])
def test_a_front_of_huge_numbers_is_drawn(tmp_path, size):
    """Figures ended in `arange: cannot compute length`, the page had `nan` in it."""
    found = run_of([(i, size(i)) for i in range(5)])
    run = bounds.bounded(found)
    assert not bounds.is_bounded(found) and bounds.is_bounded(run)
    for drawn in (front.draw(run), front.volume(run)):
        assert "nan" not in to_html(drawn)
    figure = report.draw_front(found.trials, GOALS)
    assert np.isfinite(figure.axes[0].get_xlim()).all()
    report.save(figure, tmp_path / "figure")


def measures(choices):
    """Later slots cost more, so the best score breaks any bound on the size."""
    size = sum(i * choices[f"slot{i}"] for i in range(5))
    return {"score": sum(choices.values()), "size": size, "noted": 1.0}


@pytest.mark.slow
def test_the_page_of_a_search_by_nao_for_several_objectives(tmp_path, monkeypatch):
    """Page and figures have the front, and say of which objective predictions are."""
    monkeypatch.setattr(hover, "_NUM_DRAWN", 1)
    evaluator = FunctionEvaluator(searching.SPACE, measures, Objective("score"))
    goals = Goals.of(
        evaluator,
        ("score", "size"),
        minimize=["size"],
        constraints=[Constraint("size", at_most=12)],
    )
    # Random candidates: there is a controller, and less to compile.
    config = dataclasses.replace(searching.CONFIG, candidates="random")
    nao = strategies.NAO(searching.SPACE, config, goals=goals)
    result = searching.search(tmp_path, 14, evaluator, nao, report=True)
    text = (tmp_path / "report.html").read_text("utf-8")
    for title in ("Front", "Hypervolume", "Predicted against measured"):
        assert f"<h2>{title}</h2>" in text
    num = len(result.front)
    assert 1 < num and f"The front: {num} architectures" in text
    assert text.count('class="best" data-trial') == num
    assert "Bounds: size at most 12." in text
    assert "Those of size were made as well, but are not kept." in text
    assert "All by score alone, whatever the bounds." in text
    assert "predicted of score by the last fit: " in text
    # All goals have a column, and what is only noted is shown on demand.
    assert '<button type="button">size</button>' in text
    assert "also round, seconds, noted</label>" in text
    # Many a score is higher, beyond the bound.
    assert max(trial.value for trial in result.trials) > result.best.value
    assert f'class="best star" data-trial="{result.best.index}"' in text
    for name in ("front", "progress"):
        assert {p.suffix for p in (tmp_path / "figures").glob(f"{name}.*")} == {
            ".png",
            ".svg",
        }
