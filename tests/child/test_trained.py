import json

import jax
import numpy as np
import pytest

from nao.child import ConvNet, TrainedChild
from nao.child.programs import TrainState
from nao.child.topology_net import TopologyNet
from nao.data import PARTS, ImageDataset, Split

SHAPE = {
    "channels": 2,
    "cells_per_stage": 1,
    "num_classes": 3,
    "image_shape": (8, 6, 2),
}
NETS = {
    "conv_cell": (
        ConvNet(("avg_pool_3x3", "conv_1x1"), 1, auxiliary=False, **SHAPE),
        np.array([[[[0, 0], [0, 1]]], [[[1, 1], [1, 1]]]]),
    ),
    "nasbench201": (
        TopologyNet(("none", "skip_connect", "nor_conv_1x1"), **SHAPE),
        np.array([2, 1, 0, 2, 1, 2]),
    ),
}


@pytest.fixture(scope="module", params=NETS)
def case(request):
    """A network for any architecture, drawn, and a child taken out of it."""
    net, arch = NETS[request.param]
    rng = np.random.default_rng(0)
    splits = []
    for _ in PARTS:
        images = rng.normal(3, 2, size=(6, *SHAPE["image_shape"]))
        labels = np.arange(6, dtype=np.int32) % 3
        splits.append(Split(images.astype(np.float32), labels))
    dataset = ImageDataset("noise", 3, *splits)
    variables = net.init(jax.random.key(0), method="declare")
    stacked = jax.tree.map(lambda x: x[None], dict(variables))
    states = TrainState(stacked["params"], stacked["batch_stats"], None)
    child = TrainedChild.of(net, states, arch, dataset)
    images = (dataset.test.images - dataset.mean) / dataset.deviation
    expected, _ = net.apply(variables, images, arch, train=False)
    return child, dataset.test.images, np.asarray(expected)


def test_a_child_scores_as_the_network_that_was_trained(case):
    child, images, expected = case
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(child.predict(images), expected, atol=1e-5)
    assert child.predict(images[:0]).shape == (0, 3)


def test_a_saved_child_is_the_same(case, tmp_path):
    child, images, _ = case
    child.save(tmp_path, {"seed": 7})
    child.save(tmp_path, {"seed": 8})  # over the first
    loaded = TrainedChild.load(tmp_path)
    assert loaded.net == child.net
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, child.variables)
    np.testing.assert_array_equal(loaded.predict(images), child.predict(images))
    assert json.loads((tmp_path / "child.json").read_text())["seed"] == 8


def test_an_exported_child_scores_batches_of_any_size(case):
    child, images, expected = case
    network = jax.export.deserialize(child.export())
    for num in (1, 5):
        scores = network.call(images[:num])
        np.testing.assert_allclose(scores, expected[:num], atol=1e-5)


def test_what_can_not_be_loaded_is_one_line(case, tmp_path):
    with pytest.raises(ValueError, match="holds no trained child"):
        TrainedChild.load(tmp_path)
    case[0].save(tmp_path, {})
    text = (tmp_path / "child.json").read_text()
    (tmp_path / "child.json").write_text(text.replace('"version": 1', '"version": 9'))
    with pytest.raises(ValueError, match="must have format 'nao/child' and version 1"):
        TrainedChild.load(tmp_path)
    (tmp_path / "child.json").write_text(text.replace('"channels": 2', '"channels": 4'))
    with pytest.raises(ValueError, match="do not fit its child"):
        TrainedChild.load(tmp_path)
