"""The training of one architecture, stopped and gone on with."""

import json

import numpy as np
import pytest

from nao.child import ChildConfig, FinalConfig
from nao.data import PARTS, ImageDataset, Split
from nao.evaluators import TrainingEvaluator
from nao.runs import RunDirectory
from nao.spaces import ConvCell
from nao.training import final

SPACE = ConvCell(("avg_pool_3x3", "identity"), num_nodes=1)
TOKENS = SPACE.sample(np.random.default_rng(0), 1)[0]


@pytest.fixture(scope="module")
def evaluator():
    rng = np.random.default_rng(0)
    labels = np.arange(32, dtype=np.int32) % 2
    splits = [
        Split(rng.normal(size=(32, 4, 4, 1)).astype(np.float32), labels) for _ in PARTS
    ]
    child = ChildConfig(channels=2, batch_size=16)
    return TrainingEvaluator(
        SPACE, ImageDataset("noise", 2, *splits), child, FinalConfig(epochs=4)
    )


def train(evaluator, path, stop_after=None, save_every_s=0.0):
    """Returns the metrics but for the seconds, and the epochs that were reported."""
    epochs = []

    def progress(done, metrics):
        epochs.append(done)
        if done == stop_after:
            raise KeyboardInterrupt

    with RunDirectory(path, {}) as run:
        metrics = final.run(
            evaluator, TOKENS, 0, run, progress, save_every_s=save_every_s
        )
    return {**metrics, "seconds": 0}, epochs


@pytest.mark.slow
def test_a_training_that_was_stopped_ends_as_one_that_was_not(evaluator, tmp_path):
    expected, epochs = train(evaluator, tmp_path / "one")
    assert epochs == [1, 2, 3, 4]
    path = tmp_path / "two"
    for stop_after in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            train(evaluator, path, stop_after)
    metrics, epochs = train(evaluator, path)
    assert metrics == expected and epochs == [3, 4]
    # Without a checkpoint since, epochs run again and are logged once.
    with pytest.raises(KeyboardInterrupt):
        train(evaluator, tmp_path / "three", 2, save_every_s=1e9)
    metrics, epochs = train(evaluator, tmp_path / "three")
    assert metrics == expected and epochs == [1, 2, 3, 4]
    for path in (tmp_path / name for name in ("one", "two", "three")):
        lines = (path / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]
    # A finished one is read.
    assert train(evaluator, tmp_path / "one") == (expected, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_damaged", "expected_epochs"), [(1, [2, 3, 4]), (2, [1, 2, 3, 4])]
)
def test_a_damaged_checkpoint_changes_nothing(
    evaluator, tmp_path, num_damaged, expected_epochs
):
    expected, _ = train(evaluator, tmp_path / "one")
    with pytest.raises(KeyboardInterrupt):
        train(evaluator, tmp_path / "two", stop_after=3)
    kept = sorted((tmp_path / "two/checkpoints").glob("[0-9]*"))
    for step in kept[-num_damaged:]:
        for path in step.glob("default/d/*"):
            path.write_bytes(b"")
    metrics, epochs = train(evaluator, tmp_path / "two")
    assert metrics == expected and epochs == expected_epochs


def test_other_settings_have_another_folder(tmp_path):
    one = final.folder(tmp_path, {"epochs": 1, "seed": 0})
    assert one == final.folder(tmp_path, {"seed": 0, "epochs": 1})
    assert one != final.folder(tmp_path, {"epochs": 2, "seed": 0})
    assert one.parent == tmp_path


def test_a_new_setting_at_its_default_keeps_the_folder(tmp_path):
    defaults = {"train": {"epochs": 40, "warm_up": 0}}
    before = final.folder(tmp_path, {"train": {"epochs": 2}}, defaults)
    settings = {"train": {"epochs": 2, "warm_up": 0}}
    assert final.folder(tmp_path, settings, defaults) == before
    settings["train"]["warm_up"] = 1
    assert final.folder(tmp_path, settings, defaults) != before
