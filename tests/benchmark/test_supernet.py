"""Shared weights that are ranked by, of fixed functions."""

import jax
import numpy as np
import pytest

import nao
from nao.benchmark import supernet
from nao.benchmark.agreement import agreement
from nao.runs import RunDirectory
from nao.runs.lessons import Lessons
from nao.strategies import RandomConfig, RandomSearch
from tests import supernets


@pytest.fixture
def lessons(tmp_path):
    with RunDirectory(tmp_path, {}) as run:
        kept = Lessons(run.path / "lesson", seconds=0.0)
        yield kept
        kept.close()


def _random(evaluator):
    return RandomSearch(evaluator.space, RandomConfig(round_size=4), "none")


def _nothing():
    pass


def _equal(a, b):
    return jax.tree.all(jax.tree.map(np.array_equal, a, b))


def test_fixed_functions_are_ranked_exactly(lessons, tmp_path):
    """By hand: a score is the sum of both numbers, and less is better."""
    evaluator = supernets.fixed()
    (tokens,) = evaluator.space.enumerate()
    calls = []

    def learn():
        calls.append(None)
        return supernet.learn(evaluator, _random(evaluator), 0, lessons, _nothing)

    run = RunDirectory(tmp_path / "run", {})
    for _ in range(2):  # the second time it is read
        found = supernet.score(run, "seed 0", evaluator, tokens, learn)
        values = np.array([each.value for each in found.evaluations])
        true = evaluator.space.to_indices(tokens).sum(1)
        np.testing.assert_allclose(values, true)
        ours = agreement(-values, -true.astype(float))
        assert ours.kendall_tau == pytest.approx(1)
        assert (ours.precision, ours.regret, ours.rank) == (1, 0, 1)
    assert len(calls) == 1
    run.__exit__(None)


def test_an_interrupted_lesson_goes_on(lessons):
    """All epochs, also where a search would learn some before each round."""
    evaluator = supernets.fixed(epochs=3, epochs_a_round=2)
    arguments = (evaluator, _random(evaluator), 1)
    whole = supernet.learn(*arguments, Lessons(lessons._path / "no"), _nothing)
    assert int(whole["epoch"]) == 3
    epochs = []

    def stop():
        epochs.append(None)
        if len(epochs) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        supernet.learn(*arguments, lessons, stop)
    lessons._manager.wait_until_finished()
    again = supernet.learn(*arguments, lessons, stop)
    assert len(epochs) == 3 and _equal(again, whole)


def test_weights_are_those_that_a_search_begins_with(lessons, tmp_path):
    evaluator = supernets.fixed(epochs=2)
    result = nao.search(
        _random(evaluator),
        evaluator,
        num_trials=4,
        seed=3,
        workdir=tmp_path / "search",
        report=False,
        progress=False,
    )
    state = supernet.learn(evaluator, _random(evaluator), 3, lessons, _nothing)
    tokens = np.array([trial.tokens for trial in result.trials])
    found = evaluator.evaluate(tokens, None, state)
    assert [one.value for one in found] == [trial.value for trial in result.trials]
    told, kept = nao.runs.checkpoints.read_learned(tmp_path / "search/checkpoints")
    assert told == 0 and _equal(dict(kept), state)


class _Alone:
    """Measures the number of an architecture; stops before the third."""

    def __init__(self, most=None):
        self.calls, self.most = [], most

    def evaluate(self, tokens, keys):
        for row in tokens:
            if len(self.calls) == self.most:
                raise KeyboardInterrupt
            self.calls.append(int(row[0]))
            is_bad = row[0] == 1
            yield nao.evaluators.Evaluation(
                None if is_bad else float(row[0]), {}, 1.0, "bad" if is_bad else ""
            )


def test_what_is_trained_is_not_trained_again(tmp_path):
    tokens, keys = np.arange(4)[:, None], jax.random.split(jax.random.key(0), 4)
    first, second = _Alone(most=2), _Alone()
    with RunDirectory(tmp_path, {}) as run:
        with pytest.raises(KeyboardInterrupt):
            list(supernet.train(run, lambda: first, tokens, keys))
        *_, found = supernet.train(run, lambda: second, tokens, keys)
        assert [one.value for one in found] == [0.0, None, 2.0, 3.0]
        assert (found[1].reason, second.calls) == ("bad", [2, 3])
        (again,) = supernet.train(run, None, tokens, keys)
        assert [one.reason for one in again] == [one.reason for one in found]
        assert [one.value for one in again] == [one.value for one in found]
