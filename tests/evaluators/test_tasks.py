"""Tasks of one's own through all that trains, measures and keeps children."""

import json

import jax
import numpy as np
import pytest

import nao
from nao.child import measuring, programs
from nao.child.trained import TrainedChild
from nao.evaluators import Objective, TrainingEvaluator
from nao.runs import RunDirectory
from nao.training import final
from tests.child import echoes

TOKENS = echoes.SPACE.sample(np.random.default_rng(0), 2)
KEYS = jax.random.split(jax.random.key(0), 2)


@pytest.fixture(scope="module")
def evaluator():
    return echoes.evaluator()


def test_what_a_network_carries_tells_the_label(evaluator):
    """By a window alone half of the labels are guessed."""
    for evaluation in evaluator.evaluate(TOKENS, KEYS):
        assert evaluation.value > 0.9
        assert evaluation.metrics["num_parameters"] > 8
    alone = echoes.evaluator(echoes.Alone)
    for evaluation in alone.evaluate(TOKENS[:1], KEYS[:1]):
        assert 0.3 < evaluation.value < 0.7


def test_a_task_says_what_is_measured(evaluator):
    assert evaluator.objective == Objective("val_accuracy")
    assert evaluator.source == "on echoes" and evaluator.example == "window"
    assert evaluator.num_examples == {"val_accuracy": 256, "test_accuracy": 256}
    assert list(evaluator.content) == ["data.sha256"]


def test_a_task_is_searched_and_reported(evaluator, tmp_path):
    strategy = nao.strategies.RandomSearch(echoes.SPACE)
    result = nao.search(
        strategy, evaluator, num_trials=2, workdir=tmp_path, progress=False
    )
    test = result.summary["best"]["test"]
    assert list(test) == ["test_accuracy", "val_accuracy"]
    assert test["test_accuracy"] > 0.9
    assert result.summary["example"] == "window"
    assert "of 256 windows" in (tmp_path / "report.html").read_text()


def test_a_training_is_kept_saved_and_exported(evaluator, tmp_path):
    with RunDirectory(tmp_path, {}) as run:
        metrics = final.run(evaluator, TOKENS[0], 0, run, lambda *_: None)
        assert final.finished(run) == metrics
    assert metrics["test_accuracy"] > 0.9
    child = TrainedChild.load(tmp_path / "child", echoes.Reader)
    about = json.loads((tmp_path / "child/child.json").read_text())
    assert about["task"]["example"] == "window" and about["mean"] is None
    # All windows in their order, one after the other, as one stretch of text.
    inputs, targets = evaluator.task.parts["test"]
    network = jax.export.deserialize(child.export())
    for step in (child.step, network.call):
        carry, right = child.net.initial_carry(1), []
        for window, target in zip(inputs[:64], targets[:64], strict=True):
            scores, carry = step(window[None], carry)
            right.append(scores.argmax() == target)
        assert np.mean(right) > 0.9
    assert child.predict(inputs).shape == (256, 2)
    with pytest.raises(ValueError, match=r"network\.kind must be one of ConvNet"):
        TrainedChild.load(tmp_path / "child")


@pytest.mark.parametrize("changes", [{"micro_batches": 2}, {"specialised": True}])
def test_what_is_carried_is_the_same_in_parts_and_alone(evaluator, changes):
    (expected,) = evaluator.evaluate(TOKENS[:1], KEYS[:1])
    (other,) = echoes.evaluator(**changes).evaluate(TOKENS[:1], KEYS[:1])
    np.testing.assert_allclose(
        other.metrics["val_loss"], expected.metrics["val_loss"], rtol=1e-3
    )


def test_devices_share_what_is_carried(evaluator):
    expected, _ = evaluator.train(TOKENS[0], KEYS[0])
    shared = echoes.evaluator(devices=jax.devices()[:2])
    metrics, _ = shared.train(TOKENS[0], KEYS[0])
    np.testing.assert_allclose(metrics["train_loss"], expected["train_loss"], rtol=1e-3)
    # Twice as many stretches of the validation part, each with a beginning.
    assert metrics["val_accuracy"] > 0.9


def test_all_architectures_learn_by_one_program(evaluator):
    """Another rate, other data of the same shapes: the same program."""
    list(evaluator.evaluate(TOKENS[:1], KEYS[:1]))
    functions = (programs.child_train_epoch, measuring.child_evaluate)
    before = [function._cache_size() for function in functions]
    other = echoes.evaluator(learning_rate=0.1)
    for one in (evaluator, other):
        assert all(e.status == "complete" for e in one.evaluate(TOKENS, KEYS))
    assert [function._cache_size() for function in functions] == before


def test_what_is_nothing_to_learn_is_named():
    with pytest.raises(
        TypeError, match=r"must be a data set .* or a nao.Task, got str"
    ):
        TrainingEvaluator(nao.spaces.ConvCell(), "digits")
    with pytest.raises(ValueError, match=r"read images .* inputs \[num, 2\] of echoes"):
        TrainingEvaluator(nao.spaces.ConvCell(), echoes.task())
    with pytest.raises(ValueError, match="auxiliary must be 0: Reader has no auxil"):
        _ = echoes.evaluator(auxiliary=0.4).trainer


def test_an_unknown_objective_is_named():
    class Wrong(echoes.Echo):
        objective = "f1"

    with pytest.raises(
        ValueError, match="Wrong must be one of accuracy, loss, got 'f1"
    ):
        next(echoes.evaluator(Wrong).evaluate(TOKENS[:1], KEYS[:1]))
