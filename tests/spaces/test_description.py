import dataclasses
import json

import numpy as np
import pytest

from nao import spaces


def _round_trip(space, given=None):
    return spaces.from_description(
        json.loads(json.dumps(spaces.describe(space))), given
    )


def test_every_space_comes_back(space):
    # A rule is a function, which no description holds.
    has_rule = isinstance(space, spaces.Constrained)
    again = _round_trip(space, space if has_rule else None)
    assert again == space and type(again) is type(space)
    tokens = space.sample(np.random.default_rng(0), 3)
    np.testing.assert_array_equal(again.canonical(tokens), space.canonical(tokens))


def test_a_subset_comes_back(rng):
    whole = spaces.NASBench201()
    subset = spaces.Subset(whole, whole.sample(rng, 4))
    assert _round_trip(subset) == subset


def test_types_of_choices_are_kept():
    space = spaces.custom({"a": (2.0, True, None, "3"), "b": (1, 0), "c": (1.0,)})
    assert _round_trip(space) == space
    for other in ({"a": (True,)}, {"a": (1.0,)}, {"a": ("1",)}):
        here, there = spaces.custom({"a": (1,)}), spaces.custom(other)
        with pytest.raises(ValueError, match="is not the Space that was saved"):
            _round_trip(there, here)


def test_a_rule_is_not_kept():
    space = spaces.custom({"a": (1, 2)}, valid=lambda choices: choices["a"] == 1)
    assert _round_trip(space, space) is space
    found = _round_trip(space)
    assert found.slots == space.slots and found.valid is None
    assert found.is_valid(np.array([[1], [2]])).all()


def test_a_field_that_an_older_description_lacks_is_at_its_default():
    described = spaces.describe(spaces.ConvCell(num_nodes=2))
    del described["join"]
    assert spaces.from_description(described) == spaces.ConvCell(num_nodes=2)


class Odd(spaces.Space):
    """Not known to nao."""


def test_a_class_of_ones_own_must_be_given():
    space = Odd("odd", spaces.custom({"a": (1, 2)}).slots)
    with pytest.raises(ValueError, match="class Odd is not one of nao's"):
        _round_trip(space)
    assert _round_trip(space, space) is space
    other = dataclasses.replace(space, name="other")
    with pytest.raises(ValueError, match="'other', is not the Odd that was saved"):
        _round_trip(space, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"version": 2}, "version 1, got"), ({"slots": None}, "is damaged")],
)
def test_what_does_not_fit_is_refused(changes, message):
    described = spaces.describe(spaces.custom({"a": (1, 2)}))
    with pytest.raises(ValueError, match=message):
        spaces.from_description(described | changes)
