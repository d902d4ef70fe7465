import numpy as np

from nao.embedding import paths


def test_what_is_evaluated_is_known_in_any_integers(embedding, everything):
    """The first 40 rows are evaluated; int64 rows are the same architectures."""
    rows = everything[38:44].astype(np.int64)
    new = paths.unseen(embedding, rows, exclude=everything[43].astype(np.int16))
    np.testing.assert_array_equal(new, everything[40:43])
    assert not len(paths.unseen(embedding, rows[:2], exclude=None))
