import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nao.data import cache


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a").write_text("1")
    return folder


@pytest.fixture
def load(source):
    """Loads through the cache; `load.decoded` counts what was not there."""

    def call(**options):
        def decode():
            call.decoded += 1
            return {"numbers": np.arange(1000), "more": np.array([call.decoded])}

        arrays = cache.cached(source, sorted(source.iterdir()), decode, **options)
        np.testing.assert_array_equal(arrays["numbers"], np.arange(1000))
        return arrays

    call.decoded = 0
    return call


def kept(tmp_path):
    return list((tmp_path / "cache" / "data").iterdir())


def test_a_source_is_decoded_once(load, tmp_path):
    for _ in range(3):
        arrays = load()
    assert load.decoded == 1
    assert sorted(arrays) == ["more", "numbers"]
    assert len(kept(tmp_path)) == 1


def test_a_changed_source_replaces_what_was_kept(load, source, tmp_path):
    """Another size, another time of the same size, another file, another name."""
    load()
    (source / "a").write_text("22")
    load()
    os.utime(source / "a", (1, 1))
    load()
    (source / "b").write_text("1")
    load()
    (source / "b").rename(source / "c")
    load()
    assert load.decoded == 5
    assert len(kept(tmp_path)) == 1


def test_options_are_kept_side_by_side(load, tmp_path):
    for size in (8, 16, 8, 16):
        load(image_size=size)
    assert load.decoded == 2
    assert len(kept(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_cache_is_made_anew(load, tmp_path, damage):
    load()
    (path,) = kept(tmp_path)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes(data[: {"cut": len(data) // 2, "empty": 0}.get(damage)])
    for _ in range(2):
        load()
    assert load.decoded == 2
    assert len(kept(tmp_path)) == 1


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    damages=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=3
    ),
    length=st.floats(0, 1),
)
def test_any_damage_gives_the_images_or_decodes_them_again(
    load, tmp_path, damages, length
):
    """Bits are flipped at random positions, and the end is cut off."""
    load()
    (path,) = kept(tmp_path)
    data = bytearray(path.read_bytes())
    for position, flipped in damages:
        data[int(position * len(data))] ^= flipped
    path.write_bytes(data[: round(length * len(data))])
    assert sorted(load()) == ["more", "numbers"]


@pytest.mark.parametrize("field", [6, 8, 22, 28, 32, 33, 42])
def test_a_damaged_directory_is_made_anew(load, tmp_path, field):
    """Flags, compression, sizes and offsets have errors of their own.

    A longer comment (32) swallows the next entries without an error.
    """
    load()
    (path,) = kept(tmp_path)
    whole = path.read_bytes()
    for flipped in (1, 8, 0x42, 0xFF):
        data = bytearray(whole)
        data[data.index(b"PK\1\2") + field] ^= flipped
        path.write_bytes(data)
        assert sorted(load()) == ["more", "numbers"]


def test_a_folder_that_cannot_be_written_only_costs_time(load, tmp_path):
    (tmp_path / "cache").write_text("a file")
    for _ in range(2):
        load()
    assert load.decoded == 2
