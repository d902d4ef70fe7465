"""Searches whose evaluations may be partial."""

import json

import pytest

from nao import AskTell, spaces
from nao.evaluators import FunctionEvaluator, Objective
from nao.runs import reader
from nao.strategies import (
    RandomSearch,
    SuccessiveHalving,
    SuccessiveHalvingConfig,
)
from tests.searching import search

SPACE = spaces.custom({"tens": range(6), "ones": range(6)})
BUDGETS = (1, 3, 9)


def grown(choices, budget):
    """More budget, more of the value; sums of 7 fail."""
    total = choices["tens"] + choices["ones"]
    if total == 7:
        raise ValueError("seven")
    return total * budget


def evaluator():
    return FunctionEvaluator(SPACE, grown, Objective("grown"), BUDGETS)


def strategy(budgets=(1.0, 3.0, 9.0)):
    config = SuccessiveHalvingConfig(num_archs=9)
    return SuccessiveHalving(SPACE, config, "sequence", budgets=budgets)


def listing(result):
    return [
        (t.tokens.tolist(), t.budget, t.is_full, t.cost, t.value) for t in result.trials
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halving")
    return folder, search(folder, 30, evaluator(), strategy(), report=True)


def test_only_full_evaluations_compete(whole):
    folder, result = whole
    assert result.best.is_full and result.best.budget == 9
    assert max(t.value for t in result.trials if t.is_full and t.value is not None) == (
        result.best.value
    )
    stored = reader.read(folder)
    assert stored.best.index == result.best.index
    assert [t.budget for t in stored.trials] == [t.budget for t in result.trials]


def test_costs_count_in_full_evaluations(whole):
    """A bracket of 9, 3 and 1 at 1/9, 1/3 and 1: three full evaluations."""
    _, result = whole
    assert sum(t.cost for t in result.trials[:13]) == pytest.approx(3)
    total = sum(t.cost for t in result.trials)
    assert result.summary["cost"] == pytest.approx(total)


def test_what_is_written_holds_budget_and_cost(whole):
    folder, result = whole
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    line = json.loads(lines[9])
    assert (line["budget"], line["cost"]) == (3, pytest.approx(1 / 3))
    frame = result.to_dataframe()
    assert frame["budget"].tolist() == [t.budget for t in result.trials]
    assert "with budget 1" in repr(result.trials[0]) or result.trials[0].value is None


def test_a_search_cut_short_goes_on_the_same(tmp_path, whole):
    """Stopped after each of several numbers of trials, and gone on with."""
    _, result = whole
    for num in (4, 9, 11, 13, 20):
        search(tmp_path, num, evaluator(), strategy())
    assert listing(search(tmp_path, 30, evaluator(), strategy())) == listing(result)


def test_the_bound_on_cost_ends_a_search_and_a_larger_one_continues(tmp_path, whole):
    """Two of cost are 9 of 1/9 and 3 of 1/3: the full one would be the third."""
    _, result = whole
    first = search(tmp_path, 30, evaluator(), strategy(), max_cost=2.5)
    assert listing(first) == listing(result)[:12]
    again = search(tmp_path, 30, evaluator(), strategy(), max_cost=2.5)
    assert again.was_finished
    more = search(tmp_path, 30, evaluator(), strategy(), max_cost=3)
    assert listing(more) == listing(result)[:13]
    rest = search(tmp_path, 30, evaluator(), strategy())
    assert listing(rest) == listing(result)


def test_a_run_of_other_budgets_does_not_go_on(tmp_path):
    """The strategy asked for what was told before, and the message blamed it."""
    search(tmp_path, 12, evaluator(), strategy())
    other = FunctionEvaluator(SPACE, grown, Objective("grown"), (1, 2, 4))
    with pytest.raises(
        ValueError, match=r"another config: budgets is \[1.0, 3.0, 9.0\]"
    ):
        search(tmp_path, 14, other, strategy((1, 2, 4)))


def test_full_evaluations_cost_one_each(tmp_path):
    found = search(tmp_path, 30, evaluator(), RandomSearch(SPACE), max_cost=4)
    assert len(found.trials) == 4
    assert all(t.budget is None and t.is_full for t in found.trials)
    assert all(t.value % 9 == 0 for t in found.trials if t.value is not None)


def test_an_earlier_run_gives_its_full_evaluations(tmp_path, whole):
    folder, result = whole
    other = tmp_path / "other"
    found = search(other, 3, evaluator(), RandomSearch(SPACE), warm_start=folder)
    full = [t for t in result.trials if t.is_full]
    assert found.summary["num_warm_start"] == len(full)


def test_budgets_that_an_evaluator_does_not_list_are_refused(tmp_path):
    plain = FunctionEvaluator(SPACE, lambda choices: 1.0)
    with pytest.raises(ValueError, match="must have the evaluator's budgets, none"):
        search(tmp_path, 3, plain, strategy())
    with pytest.raises(ValueError, match="max_cost must not be negative"):
        search(tmp_path, 3, plain, RandomSearch(SPACE), max_cost=-1)


def test_ask_and_tell_know_no_budgets():
    with pytest.raises(ValueError, match="AskTell hands out no budgets"):
        AskTell(strategy())


def test_the_page_compares_full_evaluations_alone(whole):
    folder, result = whole
    page = (folder / "report.html").read_text()
    num = sum(not trial.is_full for trial in result.trials)
    assert f"{num} with less than the full budget are left out" in page
    assert "cost of " in page and "with budget 1" in page
