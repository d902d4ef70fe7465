"""Which validation examples a score is of, by hand."""

import numpy as np

from nao.child import scoring
from tests.child import echoes

ALONE, CARRIED = (echoes.task(kind, num=6) for kind in (echoes.Alone, echoes.Echo))


def test_the_last_batch_is_filled_up_with_what_does_not_count_again():
    """Six examples in batches of four; the first three alone are a batch of three."""
    for num in (0, 6, 100):
        indices, counts = scoring.order(ALONE, num)
        np.testing.assert_array_equal(indices, [[0, 1, 2, 3], [4, 5, 0, 1]])
        np.testing.assert_array_equal(counts, [[1, 1, 1, 1], [1, 1, 0, 0]])
    indices, counts = scoring.order(ALONE, 3)
    np.testing.assert_array_equal(indices, [[0, 1, 2]])
    np.testing.assert_array_equal(counts, [[1, 1, 1]])


def test_examples_that_are_carried_on_stay_in_their_rows():
    """Four rows of two, the last of which the part is filled up with."""
    indices, counts = scoring.order(CARRIED, 0)
    np.testing.assert_array_equal(indices, [[0, 2, 4, 6], [1, 3, 5, 7]])
    np.testing.assert_array_equal(counts, [[1, 1, 1, 0], [1, 1, 1, 0]])
