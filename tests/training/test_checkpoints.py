"""Checkpoints of a training, some of them damaged."""

import gc
import logging
import shutil

import jax.numpy as jnp
import numpy as np
import pytest

from nao.child.programs import TrainState
from nao.training.checkpoints import Checkpoints


@pytest.fixture(scope="module", autouse=True)
def little_garbage():
    """Each damaged one has garbage looked for: not among all that tests left before."""
    gc.collect()
    gc.freeze()


def state(value):
    params = [jnp.full((5, 3), value), jnp.zeros((0, 2))]
    return TrainState(params, {"mean": jnp.full(4, value + 1)}, ())


def fill(folder):
    kept = Checkpoints(folder)
    for done in (1, 2, 3):
        kept.save(done, state(float(done)))
    kept.close()
    return folder


@pytest.fixture
def folder(tmp_path):
    """Checkpoints after epochs 1, 2 and 3, of which two are kept."""
    return fill(tmp_path / "checkpoints")


def latest(folder):
    kept = Checkpoints(folder)
    found = kept.latest(state(0.0))
    kept.close()
    return found


def truncate(path):
    path.write_bytes(path.read_bytes()[:20])


def empty(path):
    shutil.rmtree(path)
    path.mkdir()


DAMAGE = {
    "arrays": lambda step: [truncate(path) for path in step.glob("default/d/*")],
    "manifest": lambda step: truncate(step / "default/manifest.ocdbt"),
    "names": lambda step: truncate(step / "default/_METADATA"),
    "types": lambda step: truncate(step / "default/array_metadatas/process_0"),
    "all": empty,
}


def test_the_newest_is_read(folder):
    done, found = latest(folder)
    assert done == 3
    np.testing.assert_array_equal(found.params[0], np.full((5, 3), 3.0))
    np.testing.assert_array_equal(found.batch_stats["mean"], np.full(4, 4.0))
    assert found.params[1].shape == (0, 2)


@pytest.mark.parametrize("name", ["run [1]", "back\\slash", "a%20b?{0}"])
def test_folders_have_any_name(tmp_path, name):
    done, found = latest(fill(tmp_path / name / "checkpoints"))
    assert done == 3
    np.testing.assert_array_equal(found.params[0], np.full((5, 3), 3.0))


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_leaves_the_one_before_it(folder, damage, caplog, capfd):
    DAMAGE[damage](folder / "3")
    with caplog.at_level(logging.WARNING):
        done, found = latest(folder)
    assert done == 2
    np.testing.assert_array_equal(found.params[0], np.full((5, 3), 2.0))
    text = f"Checkpoint {folder / '3'} is damaged; going on without it."
    assert [record.getMessage() for record in caplog.records] == [text]
    assert "Traceback" not in "".join(capfd.readouterr())
    # Its number can be written again.
    kept = Checkpoints(folder)
    kept.save(3, state(7.0))
    kept.close()
    assert latest(folder)[1].params[0][0, 0] == 7


def test_without_a_whole_one_the_training_begins_anew(folder):
    for name in ("2", "3"):
        DAMAGE["arrays"](folder / name)
    assert latest(folder) is None
    assert latest(folder) is None


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(ValueError, match="checkpoints must be a folder"):
        Checkpoints(tmp_path / "checkpoints")
