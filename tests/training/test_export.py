"""A network trained on digits, taken out of nao."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys

import hypothesis
import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from hypothesis import strategies as st

import nao
from nao import Config, spaces
from nao.child import ChildConfig, FinalConfig
from nao.commands.export import export_run
from nao.commands.train import train
from nao.data import TextDataset
from nao.spaces import SpaceConfig
from nao.training import export
from tests.child import echoes
from tests.json_values import JSON, replaced

CONFIG = Config(
    num_devices=1,
    space=SpaceConfig(num_nodes=1),
    child=ChildConfig(channels=2, batch_size=32),
    train=FinalConfig(epochs=6, specialised=True),
)
# Both cells join an input.
CELLS = "1 2 1 4 | 0 2 0 4"
# Reads images and writes labels, in a process that can't import nao.
PREDICT = """
import pathlib, sys
import numpy as np
from jax import export
sys.modules["nao"] = None
network = export.deserialize(pathlib.Path(sys.argv[1]).read_bytes())
images = np.load(sys.argv[2])
scores = [network.call(part) for part in np.split(images, [1, 8])]
np.save(sys.argv[3], np.concatenate(scores))
"""


slow = pytest.mark.slow


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    train(CONFIG, CELLS, path, lambda done, metrics: None)
    export_run(CONFIG, path)
    return path


@pytest.fixture(scope="module")
def reported(workdir):
    return json.loads((workdir / "train.json").read_text())["metrics"]


@slow
def test_a_reloaded_child_has_the_reported_accuracy(workdir, reported):
    dataset = nao.data.load("digits")
    child = nao.TrainedChild.load(workdir / "export/child")
    for part, name in (("test", "test"), ("validation", "val")):
        split = dataset.splits[part]
        scores = child.predict(split.images)
        accuracy = (scores.argmax(-1) == split.labels).mean()
        # The same to an image: the reported one was divided in float32.
        assert reported[f"{name}_accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert reported["test_accuracy"] > 0.3  # Chance is 0.1.
    assert child.net.num_parameters() == reported["num_parameters"]
    with pytest.raises(ValueError, match="Inputs must be uint8 of shape"):
        child.predict(dataset.test.images[..., 0])
    about = json.loads((workdir / "export/child/child.json").read_text())
    assert about["metrics"] == reported
    assert about["architecture"]["architecture"] == CELLS


@slow
def test_a_finished_training_is_described_without_compiling(
    workdir, reported, monkeypatch
):
    described = {}
    monkeypatch.setattr(nao.evaluators.TrainingEvaluator, "costs", None)
    result = train(
        CONFIG,
        CELLS,
        workdir,
        lambda done, metrics: None,
        lambda costs, example: described.update({example: costs}),
    )
    assert described == {"image": reported} and result["metrics"] == reported
    assert described["image"].keys() >= {
        "num_parameters",
        "num_multiply_adds",
        "memory_mib",
    }


@slow
def test_the_parameters_load_with_orbax_alone(workdir):
    path = workdir / "export/child/params"
    params = ocp.StandardCheckpointer().restore(path)
    assert params["params.net.head"].shape == (2 * 8, 10)  # Two states.
    child = nao.TrainedChild.load(workdir / "export/child")
    head = child.variables["params"]["net"]["head"]
    np.testing.assert_array_equal(params["params.net.head"], head)


@slow
def test_the_artefact_predicts_without_nao(workdir, reported, tmp_path):
    dataset = nao.data.load("digits")
    images = dataset.test.images
    np.save(tmp_path / "images.npy", images)
    paths = [workdir / "export/child.jax_export", tmp_path / "images.npy"]
    out = tmp_path / "scores.npy"
    command = [sys.executable, "-c", PREDICT, *map(str, paths), str(out)]
    subprocess.run(command, check=True, cwd=tmp_path)
    scores = np.load(out)
    assert scores.shape == (len(images), 10) and scores.dtype == np.float32
    accuracy = (scores.argmax(-1) == dataset.test.labels).mean()
    assert reported["test_accuracy"] == pytest.approx(accuracy, rel=1e-6)
    exported = jax.export.deserialize(paths[0].read_bytes())
    assert exported.platforms == ("cpu", "cuda", "tpu")


@slow
def test_architecture_files(workdir):
    folder = workdir / "export"
    assert (folder / "architecture.txt").read_text() == CELLS + "\n"
    space = spaces.make(CONFIG.space)
    tokens = space.parse((folder / "architecture.json").read_text())
    assert space.format(tokens) == CELLS
    assert (folder / "genotype.txt").read_text() == (
        "Genotype(normal=[('avg_pool_3x3', 1), ('skip_connect', 1)], "
        "normal_concat=[0, 2], reduce=[('avg_pool_3x3', 0), ('skip_connect', 0)], "
        "reduce_concat=[1, 2])\n"
    )
    assert "uint8 [num, 8, 8, 1]" in (folder / "README.md").read_text()


def test_a_readme_says_how_examples_continue_each_other():
    made = echoes.evaluator()
    (arch,) = echoes.SPACE.architecture(np.zeros((1, 2), int))
    states = made.trainer.init(jax.random.key(0)[None], arch[None])
    child = nao.TrainedChild.of(made.trainer.net, states, arch, made.task)
    text = export.readme(child, "`tanh, no`", 0.5)
    assert "outputs, carry = network.call(windows, carry)\n" in text
    assert "outputs, carry = child.step(windows, carry)\n" in text
    alone = dataclasses.replace(child, task=child.task | {"carries": False})
    text = export.readme(alone, "`tanh, no`", 0.5)
    assert "outputs = network.call(windows)\n" in text and "carry" not in text


@pytest.fixture
def speaker(tmp_path):
    """A trained language model in a folder, exported."""
    tokens = np.arange(40, dtype=np.int32) % 3
    text = TextDataset("abc", ("a", "b", "\n"), tokens, tokens, tokens, "characters")
    space, recipe = (
        spaces.RecurrentCell(2),
        ChildConfig(units=4, window=5, batch_size=2),
    )
    made = nao.evaluators.TrainingEvaluator(space, text, recipe)
    (arch,) = space.architecture(space.parse("0 0 1 1")[None])
    states = made.trainer.init(jax.random.key(0)[None], arch[None])
    child = nao.TrainedChild.of(made.trainer.net, states, arch, made.task)
    child.save(tmp_path / "child")
    (tmp_path / "child.jax_export").write_bytes(child.export())
    return child


def test_an_exported_text_is_read_in_windows_of_any_length(speaker, tmp_path):
    network = jax.export.deserialize((tmp_path / "child.jax_export").read_bytes())
    words, carry = np.array([[0, 1, 2, 0, 1]], np.int32), np.ones((1, 4), np.float32)
    whole, after = speaker.step(words, carry)
    found = []
    for part in np.split(words, [1, 3], 1):
        scores, carry = network.call(part, carry)
        found.append(scores)
    np.testing.assert_allclose(np.concatenate(found, 1), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(carry, after, rtol=1e-5, atol=1e-6)


def test_the_readme_samples_a_text(speaker, tmp_path, monkeypatch, capsys):
    text = export.readme(speaker, "`a cell`", 2.5)
    assert "int32 [num, length]" in text
    assert "returns float32 [num, length, 3]. Each call also takes" in text
    loading, *_, sampling, _, _ = re.findall(r"```python\n(.*?)```", text, re.S)
    loading = loading.partition("outputs, carry")[0]  # which has windows of one's own
    monkeypatch.chdir(tmp_path)
    exec(loading + sampling, {})
    assert len(capsys.readouterr().out) == 202  # and the end of the line
    again = nao.TrainedChild.load(tmp_path / "child")
    assert again.net == speaker.net and again.task["vocabulary"] == ["a", "b", "\n"]


def test_damaged_runs_and_files_in_the_way_are_named(tmp_path):
    space = spaces.make(CONFIG.space)
    best = space.to_json(space.parse(CELLS))
    (tmp_path / "best.json").write_text("[]")
    with pytest.raises(ValueError, match=r"best\.json can't be read: it is not a JSON"):
        export.write(tmp_path, None)
    (tmp_path / "best.json").write_text('{"architecture": 3}')
    with pytest.raises(ValueError, match=r"best\.json is damaged: format is missing"):
        export.write(tmp_path, None)
    (tmp_path / "best.json").write_text(json.dumps(best))
    (tmp_path / "export").write_text("")
    with pytest.raises(ValueError, match="export must be a folder, it is a file"):
        export.write(tmp_path, None)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ("0 0 1", "Genotype(recurrent=[('relu', 0)], concat=range(1, 2))"),
        (
            "1 0 1",
            "not written: A genotype has tanh in the initial state; the cell has relu.",
        ),
    ],
)
def test_a_recurrent_cell_is_a_genotype(tmp_path, numbers, expected):
    space = spaces.RecurrentCell(1, first=True)
    best = space.to_json(space.parse(numbers)) | {"found": {"trial": 0}}
    (tmp_path / "best.json").write_text(json.dumps(best))
    files = export.write(tmp_path, space)
    assert files["genotype.txt"] == expected
    path = tmp_path / "export/genotype.txt"
    is_written = not expected.startswith("not")
    assert path.exists() == is_written
    assert not is_written or path.read_text() == expected + "\n"


def test_a_training_elsewhere_is_refused(tmp_path):
    """Else the export would be of a network that this folder does not hold."""
    space = spaces.make(CONFIG.space)
    about = space.to_json(space.parse(CELLS)) | {"metrics": {"test_accuracy": 0.5}}
    for folder in ("../elsewhere", "/elsewhere", "train-7db45ded/..", 3):
        text = json.dumps(about | {"training": folder})
        (tmp_path / "train.json").write_text(text)
        with pytest.raises(ValueError, match=r"train\.json is damaged: training must "):
            export.write(tmp_path, None)
    (tmp_path / "train.json").write_text(json.dumps(about | {"training": "train-0a"}))
    with pytest.raises(ValueError, match="train-0a/child holds no trained child"):
        export.write(tmp_path, None)


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(data=st.data(), name=st.sampled_from(["best", "train"]))
def test_any_json_is_exported_or_one_line(tmp_path_factory, data, name):
    folder = tmp_path_factory.getbasetemp() / f"any-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    space = spaces.make(CONFIG.space)
    valid = space.to_json(space.parse(CELLS))
    valid |= {"training": "train-0a", "metrics": {}, "found": {"trial": 0}}
    text = json.dumps(data.draw(st.one_of(JSON, replaced(valid))))
    (folder / f"{name}.json").write_text(text)
    try:
        export.write(folder, space)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
