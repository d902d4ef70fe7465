import json
import logging

import pytest

from nao import spaces, strategies
from nao.evaluators import Evaluation, FunctionEvaluator
from nao.search import failures
from nao.search.failures import NothingSucceededError
from tests.searching import SPACE, Counting, search


class Failing(Counting):
    """Fails until it is mended."""

    is_mended = False

    def evaluate(self, tokens, keys):
        if self.is_mended:
            yield from super().evaluate(tokens, keys)
            return
        for _ in tokens:
            yield Evaluation(None, reason="no luck")


def test_a_first_round_without_a_success_stops_the_search(tmp_path):
    """It spent its whole budget and returned no best, without a word."""
    with pytest.raises(ValueError, match=r"All 6 evaluations failed, 6 .*'no luck'"):
        search(tmp_path, 12, Failing())
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert not summary["finished"]
    assert summary["num_failed"] == summary["num_trials"] == 6


def test_a_stopped_search_goes_on_with_its_next_round(tmp_path):
    evaluator = Failing()
    with pytest.raises(NothingSucceededError, match="All 6 evaluations"):
        search(tmp_path, 14, evaluator)
    with pytest.raises(NothingSucceededError, match="All 10 evaluations"):
        search(tmp_path, 14, evaluator)
    evaluator.is_mended = True
    result = search(tmp_path, 14, evaluator)
    assert result.best.index >= 10
    assert len(result.trials) == 14


def test_a_round_larger_than_the_budget_stops_the_search_too(tmp_path):
    for _ in range(2):  # Called again, it doesn't pass for a finished search.
        with pytest.raises(
            NothingSucceededError, match="a larger num_trials, or a search"
        ):
            search(tmp_path, 2, Failing())


def test_a_single_failure_is_no_plural(tmp_path):
    with pytest.raises(NothingSucceededError, match="The only evaluation failed, 1 of"):
        search(tmp_path, 1, Failing())


def test_a_space_that_runs_out_without_a_success_is_named(tmp_path):
    space = spaces.custom({"a": range(2)})
    strategy = strategies.RandomSearch(space, strategies.RandomConfig(round_size=1))
    with pytest.raises(NothingSucceededError, match="All 2 evaluations failed"):
        search(tmp_path, 5, Failing(space=space), strategy)


def test_one_failure_of_a_small_round_is_a_bad_child(tmp_path):
    strategy = strategies.RandomSearch(SPACE, strategies.RandomConfig(round_size=1))

    class FirstFails(Counting):
        def evaluate(self, tokens, keys):
            for _ in tokens:
                self.calls.append(None)
                is_first = len(self.calls) == 1
                yield Evaluation(None, reason="bad") if is_first else Evaluation(1.0)

    assert search(tmp_path, 4, FirstFails(), strategy).summary["num_failed"] == 1


def test_the_first_failure_is_announced_once(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "absl"):
        search(tmp_path, 16)
    found = [r.getMessage() for r in caplog.records if "failed" in r.getMessage()]
    assert len(found) == 1
    assert "a bad child" in found[0]


def broken(choices):
    raise ValueError("\nwhile reading\n\nthe kernel is even\n\n")


def test_reason_and_traceback_of_a_function_are_kept(tmp_path):
    evaluator = FunctionEvaluator(SPACE, broken)
    with pytest.raises(ValueError, match="ValueError: the kernel is even"):
        search(tmp_path, 6, evaluator)
    assert "broken" not in (tmp_path / "metrics.jsonl").read_text()
    seen = []
    with pytest.raises(NothingSucceededError):
        search(tmp_path, 10, evaluator, on_round=seen.append)
    for trial in seen[0]:  # those of the first call as well, from the ledger
        assert ", in broken\n" in trial.evaluation.traceback


def test_nothing_is_said_of_a_search_without_trials():
    failures.check([], "somewhere", is_over=True)
