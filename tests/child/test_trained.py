import json

import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import strategies as st

from nao.child import ConvNet, ImageTask, TrainedChild, trained
from nao.child.programs import TrainState
from nao.child.topology_net import TopologyNet
from nao.data import PARTS, ImageDataset, Split
from tests.child import comparing
from tests.json_values import JSON, replaced

SHAPE = {
    "channels": 2,
    "cells_per_stage": 1,
    "num_outputs": 3,
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
    variables = comparing.init(net)
    stacked = jax.tree.map(lambda x: x[None], dict(variables))
    states = TrainState(stacked["params"], stacked["batch_stats"], None)
    child = TrainedChild.of(net, states, arch, ImageTask.of(dataset))
    images = (dataset.test.images - dataset.mean) / dataset.deviation
    expected = comparing.evaluate_fn(net)(variables, images, arch)
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


@pytest.mark.parametrize("name", ["child [1]", "back\\slash", "a%20b?{0}"])
def test_folders_have_any_name(case, tmp_path, name):
    case[0].save(tmp_path / name, {})
    loaded = TrainedChild.load(tmp_path / name)
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, case[0].variables)


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


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mean", "x", "mean must be a valid list, got 'x'"),
        ("mean", [0.5], "mean and deviation do not fit together"),
        ("deviation", [1, 0], "deviation.1 must be greater than 0, got 0"),
        (
            "input_dtype",
            "int9",
            "input_dtype must be 'uint8', 'float32', .*, got 'int9'",
        ),
        ("task", {"name": "x"}, "task.example is missing"),
        ("network", 3, "network must be an object, got 3"),
        ("kind", [], r"network\.kind must be one of ConvNet, TopologyNet"),
        ("channels", "2", "network: channels must be a valid integer, got '2'"),
        ("channels", 10**30, "network: channels must be less than or equal to 65536"),
        ("operations", ["nor_conv_9x9"], "network does not fit together: "),
        ("arch", [9, 9, 9, 9, 9, 9], "network does not fit together: "),
        ("arch", None, "network: arch must be a valid tuple, got None"),
        ("dtype", "int", "network: dtype must be 'float32' or 'bfloat16', got 'int'"),
        ("depth", 3, "network: depth is not known"),
    ],
)
def test_a_damaged_description_is_named(tmp_path, field, value, message):
    (folder := tmp_path / "child").mkdir()
    about = described("nasbench201")
    inside = about if field in about else about["network"]
    inside[field] = value
    (folder / "child.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match=message) as error:
        TrainedChild.load(folder)
    assert str(folder / "child.json") in str(error.value)


def described(name):
    """Returns what `child.json` of a child holds, as JSON values."""
    net, arch = NETS[name]
    fields = {
        **{"kind": type(net).__name__, "operations": net.operations, **SHAPE},
        **{"auxiliary": False, "axis_name": None, "dtype": "float32"},
        "arch": arch.tolist(),
    }
    if name == "conv_cell":
        fields |= {"num_nodes": 1, "join": "loose"}
    about = {"format": "nao/child", "version": 1, "seed": 0, "input_dtype": "float32"}
    about["task"] = {"name": "noise", "example": "image", "objective": "accuracy"}
    about["task"]["carries"] = False
    about |= {"mean": [0.5, 1], "deviation": [1, 2.5], "network": fields}
    return json.loads(json.dumps(about))


def test_a_node_that_reads_a_later_one_is_named(tmp_path):
    about = described("conv_cell")
    about["network"]["arch"][1][0][0][0] = 2
    (tmp_path / "child.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="Inputs of node 0 must be 0 to 1"):
        TrainedChild.load(tmp_path)


def test_an_input_that_is_no_whole_number_is_one_line(tmp_path):
    """It ended where the network was traced: no list has an element 0.5."""
    about = described("conv_cell")
    about["network"]["arch"][0][0][0][0] = 0.5
    (tmp_path / "child.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="do not fit together"):
        TrainedChild.load(tmp_path)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(data=st.data(), name=st.sampled_from(list(NETS)))
def test_any_description_is_a_child_or_one_line(tmp_path_factory, data, name):
    folder = tmp_path_factory.getbasetemp() / f"any-{name}"
    folder.mkdir(exist_ok=True)
    about = described(name)
    text = json.dumps(data.draw(st.one_of(JSON, replaced(about), replaced(about))))
    (folder / "child.json").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trained, "_read_parameters", lambda path: leaves(name))
        try:
            child = TrainedChild.load(folder)
        except ValueError as error:
            assert len(str(error).splitlines()) == 1
            return
    images = jax.ShapeDtypeStruct((1, *child.net.image_shape), child.input_dtype)
    if child.net != NETS[name][0].specialise(NETS[name][1]):
        assert jax.eval_shape(child.outputs, images).shape == (1, child.net.num_outputs)


def leaves(name):
    """Returns parameters of a child by name, all zero."""
    net, arch = NETS[name]
    net = net.specialise(arch)
    empty = jax.eval_shape(lambda: net.init(jax.random.key(0), method="declare"))
    return {k: np.zeros(v.shape, v.dtype) for k, v in trained._flat(empty).items()}
