import contextlib
import resource

import numpy as np
import orbax.checkpoint as ocp
import pytest

from nao.system import orbax


@contextlib.contextmanager
def files_of_at_most(num_bytes):
    """Stands for a disk that is full: writing more is an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def save(path):
    with orbax.writing(path), ocp.StandardCheckpointer() as checkpointer:
        rng = np.random.default_rng(0)
        checkpointer.save(path, {"array": rng.normal(size=1000)})


def test_a_full_disk_is_one_error_of_one_line(tmp_path, capfd):
    with files_of_at_most(100), pytest.raises(OSError, match="can't be written: ") as e:
        save(tmp_path / "params")
    assert len(str(e.value).splitlines()) == 1
    assert str(tmp_path / "params") in str(e.value)
    assert "Traceback" not in "".join(capfd.readouterr())
    save(tmp_path / "params")
    assert (tmp_path / "params").is_dir()


def test_a_lack_of_memory_is_not_the_disks():
    with pytest.raises(MemoryError), orbax.writing("params"):
        raise MemoryError
