"""Images small enough to write by hand, and a cache of each test's own."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Keeps a test from the user's cache and prepared sets."""
    monkeypatch.setenv("NAO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))


@pytest.fixture
def write_image():
    """Writes one image of a constant colour, or of an array; returns its path."""

    def write(path, colour=0, size=(4, 3), mode="RGB"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(colour, np.ndarray):
            Image.fromarray(colour).save(path)
        else:
            Image.new(mode, size, colour).save(path)
        return path

    return write


@pytest.fixture
def image_folder(tmp_path, write_image):
    """Makes a folder of `cat` and `dog`; the colour of each image is its number."""

    def make(parts=("train", "test"), num=10):
        root = tmp_path / "pets"
        colour = 0
        for part in parts:
            for name in ("dog", "cat"):
                for index in range(num):
                    write_image(root / part / name / f"{index:03}.png", (colour, 0, 9))
                    colour += 1
        return root

    return make
