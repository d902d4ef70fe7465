"""A network trained on digits, taken out of nao."""

import json
import subprocess
import sys

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

import nao
from nao import Config, spaces
from nao.child import ChildConfig, FinalConfig
from nao.commands.export import export_run
from nao.commands.train import train
from nao.spaces import SpaceConfig
from nao.training import export

CONFIG = Config(
    num_devices=1,
    space=SpaceConfig(num_nodes=1),
    child=ChildConfig(channels=2, batch_size=32),
    train=FinalConfig(epochs=6, specialised=True),
)
pytestmark = pytest.mark.slow
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


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    train(CONFIG, CELLS, path, lambda done, metrics: None)
    export_run(CONFIG, path)
    return path


@pytest.fixture(scope="module")
def reported(workdir):
    return json.loads((workdir / "train.json").read_text())["metrics"]


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
    with pytest.raises(ValueError, match="Images must be uint8 of shape"):
        child.predict(dataset.test.images[..., 0])
    about = json.loads((workdir / "export/child/child.json").read_text())
    assert about["metrics"] == reported
    assert about["architecture"]["architecture"] == CELLS


def test_a_finished_training_is_described_without_compiling(
    workdir, reported, monkeypatch
):
    described = []
    monkeypatch.setattr(nao.evaluators.TrainingEvaluator, "costs", None)
    result = train(CONFIG, CELLS, workdir, lambda done, metrics: None, described.append)
    assert described == [reported] and result["metrics"] == reported
    assert described[0].keys() >= {"num_parameters", "num_multiply_adds", "memory_mib"}


def test_the_parameters_load_with_orbax_alone(workdir):
    path = workdir / "export/child/params"
    params = ocp.StandardCheckpointer().restore(path)
    assert params["params.net.head"].shape == (2 * 8, 10)  # Two states.
    child = nao.TrainedChild.load(workdir / "export/child")
    head = child.variables["params"]["net"]["head"]
    np.testing.assert_array_equal(params["params.net.head"], head)


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


def test_damaged_runs_and_files_in_the_way_are_named(tmp_path):
    space = spaces.make(CONFIG.space)
    best = space.to_json(space.parse(CELLS))
    (tmp_path / "best.json").write_text("[]")
    with pytest.raises(ValueError, match=r"best\.json can't be read: it is not a JSON"):
        export.write(tmp_path, None)
    (tmp_path / "best.json").write_text('{"architecture": 3}')
    with pytest.raises(ValueError, match="An architecture must have format, version"):
        export.write(tmp_path, None)
    (tmp_path / "best.json").write_text(json.dumps(best))
    (tmp_path / "export").write_text("")
    with pytest.raises(ValueError, match="export must be a folder, it is a file"):
        export.write(tmp_path, None)
