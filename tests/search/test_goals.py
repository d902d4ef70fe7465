"""Searches for several objectives and under bounds, from first trial to folder."""

import json

import numpy as np
import optuna
import pytest

import nao
from nao import strategies
from nao.evaluators import (
    Constraint,
    Evaluation,
    FunctionEvaluator,
    Goals,
    Objective,
)
from nao.runs import reader
from tests.searching import CONFIG, SPACE, search


class Two:
    """Sums choices; the size counts later slots more, and is missing now and then."""

    objective = Objective("sum")
    space = SPACE

    def __init__(self, interrupt_at=None, fails=True):
        self.left, self.fails = interrupt_at, fails

    def evaluate(self, tokens, keys):
        del keys
        for row in tokens:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = None if self.left is None else self.left - 1
            indices = self.space.to_indices(row)
            metrics = {"size": float((indices * np.arange(5)).sum())}
            if self.fails and indices.sum() == 7:
                metrics = {}
            yield Evaluation(float(indices.sum()), metrics)

    def test(self, tokens, key):
        return {}


class Known(Two):
    def known(self, tokens):
        return {"size": (self.space.to_indices(tokens) * np.arange(5)).sum(1)}


def goals_for(evaluator, *bounds):
    return Goals.of(evaluator, ("sum", "size"), minimize=["size"], constraints=bounds)


EVOLUTION = strategies.EvolutionConfig(population_size=6, sample_size=3, round_size=4)
MAKERS = {
    "nao": lambda goals: strategies.NAO(SPACE, CONFIG, goals=goals),
    "evolution": lambda goals: strategies.Evolution(SPACE, EVOLUTION, goals=goals),
    "random": lambda goals: strategies.RandomSearch(
        SPACE, strategies.RandomConfig(round_size=5), goals=goals
    ),
}


def told(result):
    return [(t.tokens.tobytes(), t.evaluation, t.predicted) for t in result.trials]


@pytest.mark.parametrize("name", MAKERS)
def test_a_front_is_found_kept_and_read(name, tmp_path):
    evaluator = Two()
    result = search(tmp_path, 18, evaluator, MAKERS[name](goals_for(evaluator)))
    assert len(result.trials) == 18
    values = np.array(
        [
            (t.value, -t.evaluation.metrics["size"])
            for t in result.trials
            if t.value is not None
        ]
    )
    found = [(t.value, -t.evaluation.metrics["size"]) for t in result.front]
    for row in found:
        assert not ((values >= row).all(1) & (values > row).any(1)).any()
    assert found == sorted(found, reverse=True) and result.best is result.front[0]
    front = json.loads((tmp_path / "summary.json").read_text())["front"]
    assert [each["trial"] for each in front] == [t.index for t in result.front]
    assert front[0]["values"] == {"sum": found[0][0], "size": -found[0][1]}
    run = reader.read(tmp_path)
    assert run.goals == goals_for(evaluator)
    assert [t.index for t in run.front] == [t.index for t in result.front]
    (study,) = optuna.get_all_study_summaries(f"sqlite:///{tmp_path}/study.db")
    assert [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE"]


@pytest.mark.parametrize("name", MAKERS)
def test_a_search_that_was_stopped_ends_as_one_that_was_not(name, tmp_path):
    bound = Constraint("size", at_most=12)
    whole = search(tmp_path / "a", 16, Known(), MAKERS[name](goals_for(Known(), bound)))
    for stop in (3, 9):
        strategy = MAKERS[name](goals_for(Known(), bound))
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "b", 16, Known(stop), strategy)
    parts = search(tmp_path / "b", 16, Known(), MAKERS[name](goals_for(Known(), bound)))
    assert told(parts) == told(whole)


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_breaks_a_bound_that_is_known(name, tmp_path):
    evaluator = Known()
    strategy = MAKERS[name](goals_for(evaluator, Constraint("size", at_most=10)))
    result = search(tmp_path, 18, evaluator, strategy)
    costs = [t.evaluation.metrics.get("size", 0) for t in result.trials]
    assert len(costs) == 18 and max(costs) <= 10


def test_the_best_and_the_front_keep_bounds_that_are_learned(tmp_path):
    evaluator, bound = Two(fails=False), Constraint("size", at_most=9)
    result = search(tmp_path, 20, evaluator, MAKERS["nao"](goals_for(evaluator, bound)))
    costs = {t.index: t.evaluation.metrics["size"] for t in result.trials}
    assert max(costs.values()) > 9
    assert all(costs[t.index] <= 9 for t in [result.best, *result.front])
    allowed = [t.value for t in result.trials if costs[t.index] <= 9]
    assert result.best.value == max(allowed)
    assert result.summary["num_allowed"] == len(allowed)
    goals = Goals.of(evaluator, constraints=[bound])
    single = search(tmp_path / "b", 20, evaluator, MAKERS["nao"](goals))
    assert single.best.evaluation.metrics["size"] <= 9
    assert single.front == [single.best] and "front" not in single.summary


def test_an_objective_that_is_missing_is_a_failed_trial(tmp_path):
    evaluator = Two()
    evaluator.space = SPACE
    result = search(tmp_path, 40, evaluator, MAKERS["random"](goals_for(evaluator)))
    failed = [t for t in result.trials if t.value is None]
    assert failed and {t.evaluation.reason for t in failed} == {"it has no size"}


def test_bounds_that_nothing_meets_are_one_line(tmp_path):
    strategy = MAKERS["random"](goals_for(Known(), Constraint("size", at_most=-1)))
    with pytest.raises(ValueError, match="keeps the bounds size at most -1"):
        search(tmp_path, 8, Known(), strategy)


def test_a_search_goes_on_with_the_same_goals_alone(tmp_path):
    evaluator = Two()
    search(tmp_path, 6, evaluator, MAKERS["random"](goals_for(evaluator)))
    with pytest.raises(ValueError, match="holds a run of another config: goals"):
        search(tmp_path, 8, evaluator, MAKERS["random"](None))


@pytest.mark.parametrize("name", MAKERS)
def test_goals_of_one_objective_are_none(tmp_path, name):
    """`nao` ended in a traceback, as nobody told it columns."""
    evaluator = Two(fails=False)
    found = search(tmp_path / "a", 14, evaluator, MAKERS[name](Goals.of(evaluator)))
    plain = search(tmp_path / "b", 14, evaluator, MAKERS[name](None))
    assert [t.tokens.tolist() for t in found.trials] == [
        t.tokens.tolist() for t in plain.trials
    ]


def test_goals_must_be_of_the_evaluator(tmp_path):
    goals = Goals((Objective("loss", maximize=False), Objective("size")))
    with pytest.raises(ValueError, match="must begin with the evaluator's objective"):
        search(tmp_path, 6, Two(), MAKERS["nao"](goals))


def test_a_warm_start_brings_all_columns(tmp_path):
    evaluator = Two()
    search(tmp_path / "a", 12, evaluator, MAKERS["random"](goals_for(evaluator)))
    strategy = MAKERS["nao"](goals_for(evaluator))
    result = search(tmp_path / "b", 8, evaluator, strategy, warm_start=tmp_path / "a")
    assert result.trials[0].predicted is not None and result.front


def test_a_warm_start_that_lacks_an_objective_is_refused(tmp_path):
    """All its trials counted as failed, and the search began at random."""
    plain = MAKERS["random"](None)
    search(tmp_path / "a", 6, FunctionEvaluator(SPACE, len, Two.objective), plain)
    strategy = MAKERS["nao"](goals_for(Two()))
    with pytest.raises(ValueError, match=r"Nothing to start from: no .* has size"):
        search(tmp_path / "b", 8, Two(), strategy, warm_start=tmp_path / "a")


def test_the_embedding_of_a_search_predicts_every_objective(tmp_path):
    evaluator = Two()
    search(tmp_path, 18, evaluator, MAKERS["nao"](goals_for(evaluator)))
    embedding = nao.Embedding.from_workdir(tmp_path)
    assert embedding.objectives.names == ("sum", "size")
    mean = embedding.predict(embedding.tokens, "size").mean
    assert mean.shape == (len(embedding.tokens),) and np.isfinite(mean).all()
    assert (embedding.values[:, 1] >= 0).all()


@pytest.mark.parametrize("name", ["local_search", "tpe", "nao_paper"])
def test_strategies_that_take_one_objective_say_so(name):
    with pytest.raises(ValueError, match=f"Strategy {name} takes one objective"):
        strategies.make(name, SPACE, nao.Config(), "canonical", goals=goals_for(Two()))


def test_ask_and_tell_is_for_one_objective():
    with pytest.raises(ValueError, match="AskTell is told one objective"):
        nao.AskTell(MAKERS["nao"](goals_for(Two())))
