import json
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import ChildConfig, ChildTrainer, ConvNet, ImageTask
from nao.data import PARTS, ImageDataset, Split

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
    splits = []
    for _ in PARTS:
        labels = rng.integers(0, 2, num).astype(np.int32)
        images = rng.normal(size=(num, 4, 4, 1)).astype(np.float32)
        images[:, :2] += 2.0 * labels[:, None, None, None]
        images[:, 2:] += 2.0 * (1 - labels)[:, None, None, None]
        splits.append(Split(images, labels))
    return ImageDataset("halves", 2, *splits)


NET = ConvNet(OPERATIONS, 1, 4, 1, 2, (4, 4, 1))


def trainer(net=NET, devices=None, share_batch=False, **changes):
    config = ChildConfig(**(CONFIG | changes))
    return ChildTrainer(net, ImageTask.of(toy_data()), config, devices, share_batch)


def keys(*seeds):
    return jnp.stack([jax.random.key(seed) for seed in seeds])


def run_once(seed=0, arch=ARCHS[0], **changes):
    """Returns the validation loss of one child, every bit of it."""
    child = trainer(**changes)
    states, (outcome,) = child.train(keys(seed), arch[None])
    if outcome.failure:
        return outcome.failure
    return child.evaluate(states, arch[None], "val")[0].metrics["val_loss"]


def test_child_learns():
    child = trainer(epochs=12, learning_rate=0.2)
    epochs = []
    states, (outcome,) = child.train(
        keys(0),
        ARCHS[:1],
        lambda epoch, _, outcomes: epochs.append((epoch, *outcomes)),
    )
    assert [epoch for epoch, _ in epochs] == list(range(12))
    assert outcome.metrics["epochs"] == 12
    first = epochs[0][1].metrics
    assert outcome.metrics["train_loss"] < first["train_loss"]
    # Half is chance; a linear reader of the two halves makes few mistakes.
    (measured,) = child.evaluate(states, ARCHS[:1], "test")
    assert measured.metrics["test_accuracy"] > 0.85


def test_same_key_gives_the_same_child_to_the_bit():
    assert run_once() == run_once()
    assert run_once() != run_once(seed=1)
    assert run_once() != run_once(arch=ARCHS[1])


@pytest.mark.slow
def test_dropping_and_augmenting_change_the_child():
    losses = {
        run_once(**changes)
        for changes in (
            {},
            {"drop_path": 0.5},
            {"dropout": 0.5},
            {"shift": 1},
            {"flip": True},
            {"cutout": 2},
        )
    }
    assert len(losses) == 6


@pytest.mark.slow
def test_children_on_devices_of_their_own_are_those_of_one_device():
    """Three children, two at once, the last beside a copy of itself."""
    together = trainer(devices=jax.devices()[:2])
    assert together.num_children == 2
    archs = ARCHS[[0, 1, 0]]
    losses = []
    for group in (slice(0, 2), slice(2, 3)):
        states, _ = together.train(keys(0, 1, 2)[group], archs[group])
        measured = together.evaluate(states, archs[group], "val")
        losses += [outcome.metrics["val_loss"] for outcome in measured]
    alone = [run_once(seed, archs[seed]) for seed in range(3)]
    np.testing.assert_allclose(losses, alone, rtol=1e-5)


@pytest.mark.slow
def test_children_of_one_program_are_those_of_their_own():
    """Three on one device, and on two devices, the last beside copies of itself."""
    alone = [run_once(seed, ARCHS[seed % 2], drop_path=0.3) for seed in range(3)]
    for num, at_once in ((1, 3), (2, 2)):
        changes = {"at_once": at_once, "drop_path": 0.3}
        together = trainer(devices=jax.devices()[:num], **changes)
        assert together.num_children == num * at_once
        archs = ARCHS[[0, 1, 0]]
        states, outcomes = together.train(keys(0, 1, 2), archs)
        assert [outcome.metrics["epochs"] for outcome in outcomes] == [2] * 3
        measured = together.evaluate(states, archs, "val")
        losses = [outcome.metrics["val_loss"] for outcome in measured]
        np.testing.assert_allclose(losses, alone, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("micro_batches", [1, 2])
def test_devices_that_share_a_batch_give_the_child_of_one(micro_batches):
    """Eight devices with two images each, or four with two halves of two."""
    changes = {"micro_batches": micro_batches, "drop_path": 0.3, "shift": 1}
    many = trainer(
        devices=jax.devices()[: 8 // micro_batches], share_batch=True, **changes
    )
    states, _ = many.train(keys(0), ARCHS[:1])
    (measured,) = many.evaluate(states, ARCHS[:1], "val")
    np.testing.assert_allclose(
        measured.metrics["val_loss"], run_once(**changes), rtol=1e-4
    )


@pytest.mark.slow
def test_a_failed_child_leaves_the_one_beside_it():
    """Only the second child starts from parameters that are not numbers."""
    child = trainer(devices=jax.devices()[:2])
    states = child.init(keys(0, 1), ARCHS)
    broken = states._replace(
        params=jax.tree.map(lambda x: x.at[1].set(jnp.nan), states.params)
    )
    _, (first, second) = child.train(keys(0, 1), ARCHS, start=(0, broken))
    assert not first.failure and first.metrics["epochs"] == 2
    assert second.failure == "training loss is nan in epoch 1"


@pytest.mark.slow
def test_a_specialised_child_has_a_program_of_its_own():
    child = trainer(specialised=True, devices=jax.devices()[:2])
    assert child.num_children == 1
    states, (outcome,) = child.train(keys(0), ARCHS[:1])
    own = child.net.specialise(ARCHS[0])
    assert jax.tree.structure(states.params["net"]) == jax.tree.structure(
        jax.eval_shape(lambda: own.init(jax.random.key(0), method="declare"))["params"][
            "net"
        ]
    )
    assert outcome.metrics["train_loss"] < 1


def test_memory_is_known_and_limited():
    child = trainer()
    _, (outcome,) = child.train(keys(0), ARCHS[:1])
    assert 0 < outcome.metrics["memory_mib"] < 100
    with pytest.raises(ValueError, match=r"For any architecture .*limit_mib is 0\.01"):
        trainer(memory_limit_mib=0.01).train(keys(0), ARCHS[:1])
    alone = trainer(memory_limit_mib=0.01, specialised=True)
    _, (outcome,) = alone.train(keys(0), ARCHS[:1])
    assert "memory_limit_mib is 0.01" in outcome.failure


def test_training_continues_from_any_epoch():
    child = trainer(epochs=3)
    kept = {}

    def keep(epoch, states, outcomes):
        kept[epoch + 1] = jax.tree.map(np.array, states)

    states, (outcome,) = child.train(keys(0), ARCHS[:1], keep)
    again, (continued,) = child.train(keys(0), ARCHS[:1], start=(2, kept[2]))
    assert continued.metrics == outcome.metrics
    jax.tree.map(np.testing.assert_array_equal, again, states)


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
                child = trainer(learning_rate=learning_rate, epochs=epochs)
                states, _ = child.train(keys(epochs), arch[None])
                for part in ("val", "test"):
                    child.evaluate(states, arch[None], part)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    for name in ("child_init", "child_train_epoch", "child_evaluate"):
        assert sum(name in one for one in compiled) == 1, (name, compiled)


def test_padding_does_not_count_in_evaluation():
    """64 validation images fill half of the 128 that are computed."""
    child = trainer()
    states, _ = child.train(keys(0), ARCHS[:1])
    (measured,) = child.evaluate(states, ARCHS[:1], "val")
    accuracy = measured.metrics["val_accuracy"]
    assert accuracy * 64 == round(accuracy * 64) and accuracy > 0.5


def test_diverging_child_fails():
    failure = run_once(learning_rate=1e30, grad_clip=1e30)
    assert re.fullmatch(r"training loss is (nan|inf) in epoch \d", failure)


def test_child_over_its_time_fails():
    failure = run_once(time_limit_s=1e-6)
    assert re.match(r"over the time limit of 1e-06 s .* epoch 1 of 2", failure)


def test_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match=r"at most the 64 training images .* got 65"):
        trainer(batch_size=65)


def test_a_batch_is_shared_by_as_many_devices_as_divide_it():
    """16 images: three devices can't, two can; four in two parts, five can't."""
    for num, micro_batches, used in ((3, 1, 2), (5, 2, 4)):
        child = trainer(
            devices=jax.devices()[:num], share_batch=True, micro_batches=micro_batches
        )
        assert child._mesh.shape == {"children": 1, "data": used}
