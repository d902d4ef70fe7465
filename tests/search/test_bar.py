"""What is shown of a search that runs."""

import types

import pytest

from nao.evaluators import FunctionEvaluator
from nao.search.bar import SearchBar
from nao.search.limits import Limits
from nao.spaces import custom

EVALUATOR = FunctionEvaluator(custom({"a": (1, 2)}), lambda choices: 1.0)


class Trials(list):
    """Trials of a third of a full evaluation each."""

    cost = property(lambda self: len(self) / 3)

    def best(self):
        return types.SimpleNamespace(value=0.5) if self else None


@pytest.mark.parametrize(
    ("max_cost", "left"),
    # 10 of 100 trials are done, 5 a second; a cost of 10 will end it after 30.
    [(0, "00:18 left"), (10, "00:04 left"), (100, "00:18 left")],
)
def test_the_time_left_heeds_the_bound_on_cost(monkeypatch, capsys, max_cost, left):
    """A search of 1,000 trials had half an hour left as its cost was spent."""
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    trials = Trials()
    bar = SearchBar(trials, Limits(100, max_cost), EVALUATOR, True)
    for clock.now in (1.0, 2.0):
        trials += [None] * 5
        bar.advance(5)
    bar.write_line("round 0")
    assert left in capsys.readouterr().err


def test_a_log_of_a_long_round_has_a_line_a_minute(monkeypatch, capsys):
    """A round of fifty long trainings said nothing for hours."""
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    trials = Trials()
    bar = SearchBar(trials, Limits(8, 0), EVALUATOR, True)
    for clock.now in (25.0, 50.0, 75.0, 100.0, 125.0, 150.0, 160.0):
        trials.append(None)
        bar.advance()
    bar.write_line("round 0")
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.startswith("Search: 3 of 8 trials, ")
    assert second.startswith("Search: 6 of 8 trials, ")
    assert last.startswith("Round 0: 7 of 8 trials, ")
