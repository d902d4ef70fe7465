import numpy as np
import pytest

from nao import spaces

WHOLE = spaces.custom({"a": range(4), "b": range(4)})


def test_only_members_are_valid(rng):
    tokens = WHOLE.sample(rng, 3)
    subset = spaces.Subset(WHOLE, tokens)
    whole = np.concatenate(list(WHOLE.enumerate()))
    assert subset.is_valid(whole).sum() == len(np.unique(tokens, axis=0))
    assert subset.is_valid(subset.sample(rng, 20)).all()
    np.testing.assert_array_equal(np.concatenate(list(subset.enumerate())), tokens)


def test_an_architecture_outside_is_not_parsed():
    subset = spaces.Subset(WHOLE, WHOLE.parse("a=1 b=2")[None])
    assert subset.format(subset.parse("a=1 b=2")) == "a=1 b=2"
    with pytest.raises(ValueError, match="Not a valid architecture"):
        subset.parse("a=0 b=2")


def test_an_empty_subset_is_refused():
    with pytest.raises(ValueError, match="needs an architecture"):
        spaces.Subset(WHOLE, np.zeros((0, 2), np.int32))
