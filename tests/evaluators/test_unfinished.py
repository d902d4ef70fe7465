"""States of children that may go on: the last used ones, as many as fit."""

import numpy as np

from nao.evaluators.unfinished import Unfinished


def state(num):
    return {"params": np.zeros(num, np.uint8)}


def test_what_was_not_used_for_longest_goes_first():
    """Ten bytes: three of four and then one of four more, one of them is too much."""
    kept = Unfinished(most_bytes=10)
    kept.keep(b"a", 1, state(4))
    kept.keep(b"b", 1, state(4))
    assert kept.find(b"a", 1) is not None  # used
    kept.keep(b"c", 1, state(4))
    assert kept.find(b"b", 1) is None
    assert kept.find(b"a", 1) is not None and kept.find(b"c", 1) is not None


def test_a_child_is_there_once_and_never_too_far():
    kept = Unfinished(most_bytes=10)
    kept.keep(b"a", 1, state(4))
    kept.keep(b"a", 3, state(8))
    assert kept.find(b"a", 3)[0] == 3
    assert kept.find(b"a", 2) is None
    kept.drop(b"a")
    kept.drop(b"a")
    kept.keep(b"b", 1, state(10))
    assert kept.find(b"b", 1) is not None


def test_one_larger_than_all_is_not_kept():
    kept = Unfinished(most_bytes=10)
    kept.keep(b"a", 1, state(11))
    assert kept.find(b"a", 1) is None
