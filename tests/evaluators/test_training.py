import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest

from nao.child import ChildConfig, ChildFailure, FinalConfig
from nao.child.training import Outcome
from nao.data import PARTS, ImageDataset, Split
from nao.evaluators import training
from nao.evaluators.training import TrainingEvaluator
from nao.search import outcomes
from nao.spaces import ConvCell, custom

SPACE = ConvCell(("avg_pool_3x3", "identity"), num_nodes=1)
TOKENS = SPACE.sample(np.random.default_rng(0), 3)
KEYS = jax.random.split(jax.random.key(0), 3)


def _evaluator(devices=None, final_epochs=1, at_once=1, **changes):
    rng = np.random.default_rng(0)
    labels = np.arange(32, dtype=np.int32) % 2
    splits = [
        Split(rng.normal(size=(32, 4, 4, 1)).astype(np.float32), labels) for _ in PARTS
    ]
    dataset = ImageDataset("noise", 2, *splits)
    config = dict(channels=2, epochs=1, batch_size=16) | changes
    final = FinalConfig(**config | {"epochs": final_epochs})
    child = ChildConfig(**config, at_once=at_once)
    return TrainingEvaluator(SPACE, dataset, child, final, devices)


def test_evaluations_come_in_order_and_repeat():
    evaluator = _evaluator()
    evaluations = list(evaluator.evaluate(TOKENS, KEYS))
    assert [one.status for one in evaluations] == ["complete"] * 3
    # Accuracies of 32 images; by the key and the architecture alone.
    assert all((one.value * 32).is_integer() for one in evaluations)
    (again,) = evaluator.evaluate(TOKENS[2:], KEYS[2:])
    assert again.value == evaluations[2].value
    assert again.metrics == evaluations[2].metrics
    costs = {"num_parameters", "num_multiply_adds", "memory_mib"}
    assert {"train_loss", "val_loss", "epochs"} | costs <= set(again.metrics)
    assert again.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"devices": jax.devices()[:2]}, {"at_once": 2}])
def test_two_at_once_are_evaluated_like_one_after_the_other(changes):
    together, alone = _evaluator(**changes), _evaluator()
    values = [one.value for one in together.evaluate(TOKENS, KEYS)]
    assert values == [one.value for one in alone.evaluate(TOKENS, KEYS)]
    # One child alone, whatever the search had beside each other.
    assert together.test(TOKENS[0], KEYS[0]) == alone.test(TOKENS[0], KEYS[0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"learning_rate": 1e30, "grad_clip": 1e30, "epochs": 3}, "loss is"),
        ({"time_limit_s": 1e-6}, "over the time limit"),
    ],
)
def test_bad_child_is_a_failed_evaluation(changes, reason):
    for evaluation in _evaluator(**changes).evaluate(TOKENS[:1], KEYS[:1]):
        assert evaluation.value is None
        assert reason in evaluation.reason


LACKS = [
    (
        jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 9 GB\nmore lines"),
        "out of memory: RESOURCE_EXHAUSTED: 9 GB",
    ),
    (
        MemoryError("Unable to allocate 9 GiB"),
        "out of memory: Unable to allocate 9 GiB",
    ),
    (MemoryError(), "out of memory"),
]


@pytest.mark.parametrize(("error", "reason"), LACKS)
@pytest.mark.parametrize("where", ["train", "evaluate"])
def test_out_of_memory_is_a_failed_evaluation(monkeypatch, where, error, reason):
    def fail(*args, **kwargs):
        raise error

    evaluator = _evaluator()
    monkeypatch.setattr(evaluator.trainer, where, fail)
    for evaluation in evaluator.evaluate(TOKENS[:2], KEYS[:2]):
        assert evaluation.reason == reason and evaluation.value is None
        assert evaluation.metrics["num_parameters"] > 0


@pytest.mark.parametrize(("error", "reason"), LACKS)
def test_a_final_choice_without_memory_is_not_tested(
    monkeypatch, caplog, error, reason
):
    """The search is over and its result stands: it asks by `outcomes`."""

    def fail(*args, **kwargs):
        raise error

    evaluator = _evaluator()
    monkeypatch.setattr(training.ChildTrainer, "train", fail)
    with pytest.raises(ChildFailure, match=reason):
        evaluator.test(TOKENS[0], KEYS[0])
    assert outcomes.test(evaluator, TOKENS[0], KEYS[0]) == {}
    (said,) = caplog.messages
    assert said == f"The final choice could not be tested: ChildFailure: {reason}."
    with pytest.raises(ChildFailure, match=reason):
        evaluator.train(TOKENS[0], KEYS[0], lambda *_: None)
    monkeypatch.setattr(training.ChildTrainer, "prepare", fail)
    with pytest.raises(ChildFailure, match=reason):
        evaluator.costs(TOKENS[0])


def test_the_test_part_of_a_failed_child_is_not_read(monkeypatch):
    parts = []
    evaluate = training.ChildTrainer.evaluate

    def remember(self, states, archs, part):
        parts.append(part)
        return evaluate(self, states, archs, part)

    monkeypatch.setattr(training.ChildTrainer, "evaluate", remember)
    bad = {"learning_rate": 1e30, "grad_clip": 1e30}
    with pytest.raises(ChildFailure):
        _evaluator(**bad, final_epochs=3).test(TOKENS[0], KEYS[0])
    assert parts == []
    assert _evaluator().test(TOKENS[0], KEYS[0])
    assert parts == ["val", "test"]
    parts.clear()
    monkeypatch.setattr(
        training.ChildTrainer,
        "evaluate",
        lambda self, states, archs, part: parts.append(part) or [Outcome({}, "bad")],
    )
    with pytest.raises(ChildFailure, match="bad"):
        _evaluator().test(TOKENS[0], KEYS[0])
    assert parts == ["val"]


@pytest.mark.parametrize(
    "error", [TypeError, KeyboardInterrupt, jax.errors.JaxRuntimeError("INTERNAL: x")]
)
def test_other_errors_pass_through(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    evaluator = _evaluator()
    monkeypatch.setattr(evaluator.trainer, "train", fail)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        list(evaluator.evaluate(TOKENS[:1], KEYS[:1]))


def test_test_reads_the_test_part_first():
    results = _evaluator().test(TOKENS[0], KEYS[0])
    assert list(results) == ["test_accuracy", "val_accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("final_epochs", "words"),
    [(1, "(1 epoch, as in the search)"), (3, "(3 epochs, 1 in the search)")],
)
def test_a_final_training_is_longer_only_where_it_is(final_epochs, words):
    """It was said to be of one of as many epochs."""
    assert words in _evaluator(final_epochs=final_epochs).how_tested


def test_final_training_reports_every_epoch_and_continues():
    evaluator, epochs, kept = _evaluator(final_epochs=3), [], {}

    def keep(epoch, states, metrics):
        epochs.append((epoch, metrics["val_accuracy"]))
        kept[epoch + 1] = jax.tree.map(np.array, states)

    results, _ = evaluator.train(TOKENS[0], KEYS[0], keep)
    assert [epoch for epoch, _ in epochs] == [0, 1, 2]
    assert results["epochs"] == 3
    expected = {"train_loss", "val_accuracy", "test_accuracy", "num_parameters"}
    assert expected <= set(results)
    again, _ = evaluator.train(TOKENS[0], KEYS[0], keep, lambda fresh: (2, kept[2]))
    assert {**again, "seconds": 0} == {**results, "seconds": 0}


@pytest.mark.slow
def test_costs_are_known_before_training():
    costs = _evaluator().costs(TOKENS[0])
    assert costs["memory_mib"] > 0 and costs["num_parameters"] > 100


def test_a_space_without_a_network_is_named_at_once():
    dataset = _evaluator().task
    with pytest.raises(ValueError, match=r"spaces conv_cell, .*got 'mine'"):
        TrainingEvaluator(custom({"a": (1, 2)}, name="mine"), dataset)


def epochs_of(evaluator, tokens, epochs, keys=KEYS):
    """Returns values and epochs of evaluations with so many epochs each."""
    budgets = np.array(epochs, np.float64)
    found = evaluator.evaluate(tokens, keys[: len(tokens)], budgets)
    return [(one.value, one.metrics["train_loss"]) for one in found]


def test_a_child_goes_on_from_where_it_was_and_ends_the_same():
    """One epoch of the schedule of three, then all: as all at once."""
    evaluator = _evaluator(epochs=3)
    assert evaluator.budgets == (1.0, 3.0)
    (first,) = epochs_of(evaluator, TOKENS[:1], [1])
    trained = []
    train = evaluator.trainer.train
    evaluator.trainer.train = lambda *args, **kwargs: (
        trained.append(kwargs["start"] and kwargs["start"][0]) or train(*args, **kwargs)
    )
    (whole,) = epochs_of(evaluator, TOKENS[:1], [3])
    assert trained == [1]
    (again,) = epochs_of(_evaluator(epochs=3), TOKENS[:1], [3])
    assert whole == again != first
    # Another key is another child.
    epochs_of(evaluator, TOKENS[:1], [3], KEYS[1:])
    assert trained == [1, None]
    assert evaluator.cost(3.0, 1.0) == pytest.approx(2 / 3)


def test_children_of_several_budgets_are_trained_in_order():
    """Two that go on, one that begins: groups of equal spans, in the order asked."""
    evaluator = _evaluator(epochs=3)
    epochs_of(evaluator, TOKENS[:2], [1, 1])
    found = epochs_of(evaluator, TOKENS, [3, 3, 1])
    fresh = _evaluator(epochs=3)
    assert found == [
        epochs_of(fresh, TOKENS[i : i + 1], [n], KEYS[i:])[0]
        for i, n in enumerate((3, 3, 1))
    ]


def go_on_together():
    together = _evaluator(devices=jax.devices()[:2], epochs=3)
    epochs_of(together, TOKENS, [1, 1, 1])
    found = epochs_of(together, TOKENS, [3, 3, 3])
    assert found == epochs_of(_evaluator(epochs=3), TOKENS, [3, 3, 3])


@pytest.mark.slow
def test_two_at_once_go_on_together():
    """To the bit where programs are fused, as users' are and those of tests aren't."""
    program = "from tests.evaluators import test_training as t; t.go_on_together()"
    environment = os.environ | {
        "XLA_FLAGS": "--xla_backend_optimization_level=0",
        "JAX_NUM_CPU_DEVICES": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=pathlib.Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("budgets", [(3, 1), (1, 2), (0, 3), (1, 1, 3)])
def test_budgets_that_do_not_end_with_all_epochs_are_refused(budgets):
    with pytest.raises(ValueError, match="budgets must be epochs that ascend to all 3"):
        ChildConfig(epochs=3, budgets=budgets)


def test_budgets_are_thirds_by_default():
    assert ChildConfig(epochs=9).all_budgets == (1.0, 3.0, 9.0)
    assert ChildConfig(epochs=5).all_budgets == (1.0, 5.0)
    assert ChildConfig(epochs=1).all_budgets == (1.0,)
    assert ChildConfig(epochs=4, budgets=(2, 4)).all_budgets == (2.0, 4.0)
