import numpy as np
import pytest

from nao.embedding import index


def _rows(rng, num):
    rows = rng.normal(size=(num, 6)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_chunks_find_what_sorting_finds(rng, monkeypatch):
    monkeypatch.setattr(index, "_CHUNK", 64)
    rows = _rows(rng, 1000)
    rows[700] = rows[3]  # a tie, across chunks
    searched = index.Index(np.arange(1000)[:, None], rows)
    for k in (1, 2, 10, 100):
        found = searched.nearest(rows[3], k)
        expected = np.argsort(-(rows @ rows[3]), kind="stable")[:k]
        np.testing.assert_array_equal(found.indices, expected)
        np.testing.assert_allclose(
            found.distances, 1 - (rows @ rows[3])[expected], atol=1e-6
        )
    assert found.indices[0] == 3


def test_fewer_rows_than_asked_for(rng):
    rows = _rows(rng, 4)
    found = index.Index(np.arange(4)[:, None], rows).nearest(rows[2], 10)
    assert len(found.indices) == 4 and found.indices[0] == 2
    empty = index.Index(np.zeros((0, 1), np.int32), rows[:0])
    assert len(empty.nearest(rows[0], 3).indices) == 0
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        empty.nearest(rows[0], 0)
