import json
import subprocess
import sys

import jax
import numpy as np
import pytest

from nao.child import training
from nao.child.training import ChildConfig, ChildFailure, ChildTrainer
from nao.data.dataset import ImageDataset

OPERATIONS = ("avg_pool_3x3", "identity")
ARCHS = np.array(
    [
        [[[[0, 0], [1, 1]]], [[[0, 1], [1, 0]]]],
        [[[[1, 0], [1, 0]]], [[[0, 1], [0, 1]]]],
    ],
    np.int32,
)
CONFIG = dict(channels=4, epochs=2, batch_size=16)


def toy_data(num=64):
    """Two classes: the bright half is the upper or the lower one."""
    rng = np.random.default_rng(0)
    fields = {"name": "halves", "num_classes": 2}
    for part in ("train", "validation", "test"):
        labels = rng.integers(0, 2, num).astype(np.int32)
        images = rng.normal(size=(num, 4, 4, 1)).astype(np.float32)
        images[:, :2] += 2.0 * labels[:, None, None, None]
        images[:, 2:] += 2.0 * (1 - labels)[:, None, None, None]
        fields |= {f"{part}_images": images, f"{part}_labels": labels}
    return ImageDataset(**fields)


def trainer(**changes):
    return ChildTrainer(OPERATIONS, 1, toy_data(), ChildConfig(**(CONFIG | changes)))


def run_once(seed=0, arch=ARCHS[0], **changes):
    """Returns the validation loss of one child, every bit of it."""
    child = trainer(**changes)
    state, _ = child.train(jax.random.key(seed), arch)
    return child.evaluate(state, arch, "val")["val_loss"]


def test_child_learns():
    child = trainer(epochs=12, learning_rate=0.2)
    epochs = []
    state, metrics = child.train(
        jax.random.key(0), ARCHS[0], progress_fn=lambda *args: epochs.append(args)
    )
    assert [epoch for epoch, _ in epochs] == list(range(12))
    assert metrics["epochs"] == 12
    assert metrics["train_loss"] < epochs[0][1]["train_loss"]
    # Half is chance; a linear reader of the two halves makes few mistakes.
    assert child.evaluate(state, ARCHS[0], "test")["test_accuracy"] > 0.85


def test_same_key_gives_the_same_child_to_the_bit():
    assert run_once() == run_once()
    assert run_once() != run_once(seed=1)
    assert run_once() != run_once(arch=ARCHS[1])


@pytest.mark.slow
def test_new_process_gives_the_same_child_to_the_bit():
    code = (
        f"import sys, json; sys.path[:0] = {sys.path!r}\n"
        "import importlib.util as util\n"
        f"spec = util.spec_from_file_location('toy', {__file__!r})\n"
        "toy = util.module_from_spec(spec)\n"
        "spec.loader.exec_module(toy)\n"
        "print(json.dumps(toy.run_once()))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == run_once()


@pytest.mark.slow
def test_one_compilation_for_all_architectures_and_lengths():
    """Also for all hyperparameters; 2 programs more for init and evaluation."""
    jax.clear_caches()
    compiled = []

    def listen(event, seconds, fun_name="", **_):
        del seconds
        if event.endswith("backend_compile_duration"):
            compiled.append(fun_name)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        for arch in ARCHS:
            for epochs, learning_rate in ((1, 0.1), (3, 0.2)):
                child = trainer(learning_rate=learning_rate)
                state, _ = child.train(jax.random.key(epochs), arch, epochs)
                for part in ("val", "test"):
                    child.evaluate(state, arch, part)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    for name in ("child_init", "child_train_epoch", "child_evaluate"):
        assert sum(name in one for one in compiled) == 1, (name, compiled)


def test_padding_does_not_count_in_evaluation():
    """64 validation images fill half of the 128 that are computed."""
    child = trainer()
    state, _ = child.train(jax.random.key(0), ARCHS[0])
    accuracy = child.evaluate(state, ARCHS[0], "val")["val_accuracy"]
    assert accuracy * 64 == round(accuracy * 64) and accuracy > 0.5


def test_diverging_child_fails():
    with pytest.raises(ChildFailure, match=r"training loss is (nan|inf) in epoch"):
        run_once(learning_rate=1e30, grad_clip=1e30)


def test_child_over_its_time_fails():
    with pytest.raises(ChildFailure, match=r"time limit of 1e-06 s .* epoch 1 of 2"):
        run_once(time_limit_s=1e-6)


def test_learning_rate_follows_a_cosine():
    """A step of gradient 1 without momentum is the learning rate itself."""
    recipe, ones = training.Recipe(0.4, 0.0, 0.0, 1e9), np.ones(1, np.float32)
    for progress, expected in ((0.0, 0.4), (0.5, 0.2), (1.0, 0.0)):
        optimizer = recipe.optimizer(progress)
        update, _ = optimizer.update(ones, optimizer.init(ones), ones)
        np.testing.assert_allclose(update, -expected, atol=1e-6)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("channels", 0, "channels must be a positive integer, got 0"),
        ("epochs", 1.5, "epochs must be a positive integer, got 1.5"),
        ("learning_rate", 0.0, "learning_rate must be positive, got 0.0"),
        ("momentum", 1.0, r"momentum must be in \[0, 1\), got 1.0"),
        ("time_limit_s", -1.0, "time_limit_s must not be negative, got -1.0"),
    ],
)
def test_config_refuses_impossible_values(field, value, message):
    with pytest.raises(ValueError, match=message):
        ChildConfig(**{field: value})


def test_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match=r"at most the 64 training images .* got 65"):
        trainer(batch_size=65)


def test_unknown_operation_is_refused_before_training():
    with pytest.raises(ValueError, match="'conv_9x9'; known: "):
        ChildTrainer(("conv_9x9",), 1, toy_data(), ChildConfig())
