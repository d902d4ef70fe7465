import jax
import numpy as np
import pytest

from nao.child import ChildConfig, FinalConfig
from nao.data import PARTS, ImageDataset, Split
from nao.evaluators.training import TrainingEvaluator
from nao.spaces import ConvCell, custom

SPACE = ConvCell(("avg_pool_3x3", "identity"), num_nodes=1)
TOKENS = SPACE.sample(np.random.default_rng(0), 3)
KEYS = jax.random.split(jax.random.key(0), 3)


def _evaluator(devices=None, final_epochs=1, **changes):
    rng = np.random.default_rng(0)
    labels = np.arange(32, dtype=np.int32) % 2
    splits = [
        Split(rng.normal(size=(32, 4, 4, 1)).astype(np.float32), labels) for _ in PARTS
    ]
    dataset = ImageDataset("noise", 2, *splits)
    config = dict(channels=2, epochs=1, batch_size=16) | changes
    final = FinalConfig(**config | {"epochs": final_epochs})
    return TrainingEvaluator(SPACE, dataset, ChildConfig(**config), final, devices)


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
def test_two_at_once_are_evaluated_like_one_after_the_other():
    together = _evaluator(devices=jax.devices()[:2])
    values = [one.value for one in together.evaluate(TOKENS, KEYS)]
    assert values == [one.value for one in _evaluator().evaluate(TOKENS, KEYS)]


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


def test_out_of_memory_is_a_failed_evaluation(monkeypatch):
    def fail(*args, **kwargs):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 9 GB\nmore lines")

    evaluator = _evaluator()
    monkeypatch.setattr(evaluator.trainer, "train", fail)
    (evaluation,) = evaluator.evaluate(TOKENS[:1], KEYS[:1])
    assert evaluation.reason == "out of memory: RESOURCE_EXHAUSTED: 9 GB"


@pytest.mark.parametrize("error", [TypeError, KeyboardInterrupt])
def test_other_errors_pass_through(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    evaluator = _evaluator()
    monkeypatch.setattr(evaluator.trainer, "train", fail)
    with pytest.raises(error):
        list(evaluator.evaluate(TOKENS[:1], KEYS[:1]))


def test_test_reads_the_test_part_first():
    results = _evaluator().test(TOKENS[0], KEYS[0])
    assert list(results) == ["test_accuracy", "val_accuracy"]


@pytest.mark.slow
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
    dataset = _evaluator()._dataset
    with pytest.raises(ValueError, match="spaces conv_cell and nasbench201, got 'mine"):
        TrainingEvaluator(custom({"a": (1, 2)}, name="mine"), dataset)
