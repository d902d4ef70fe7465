"""A user's own space: typed choices, and rules on combinations of them."""

import dataclasses

import numpy as np
import pytest

from nao import spaces


def wide_enough(choices):
    return choices["depth"] <= choices["width"]


SLOTS = {"depth": (1, 2, 3), "width": (1, 2, 3)}


def test_choices_come_back_as_they_are():
    given = {
        "layers": (1, 2, None),
        "bias": (True, False),
        "rate": (0.01, 1e-05),
        "norm": ("batch", "1"),
    }
    space = spaces.custom(given)
    for index, tokens in enumerate(np.concatenate(list(space.enumerate()))):
        choices = space.by_slot(tokens)
        for name, choice in choices.items():
            assert any(choice is other for other in given[name])
        for texts in (choices, {name: str(choice) for name, choice in choices.items()}):
            np.testing.assert_array_equal(space.from_choices(texts), tokens)
        if not index:
            assert space.format(tokens) == "layers=1 bias=True rate=0.01 norm=batch"


def test_scalars_of_numpy_become_pythons():
    values = (np.int64(3), np.float64(0.5), np.bool_(True), np.str_("x"))
    (slot,) = spaces.custom({"a": values}).slots
    assert list(map(type, slot.choices)) == [int, float, bool, str]
    assert slot.position(np.float32(0.5)) == 1


def test_equal_numbers_are_found_and_truth_values_are_no_numbers():
    """As JSON and tables may write 2.0 for 2, and 1 for 1.0."""
    space = spaces.custom({"a": (1.0, 2)})
    assert space.choices(space.from_choices({"a": 2.0})) == (2,)
    assert space.choices(space.from_choices({"a": 1})) == (1.0,)
    for wrong in (True, "2.0", [1], None):
        with pytest.raises(ValueError, match=r"Unknown choice .* known: 1.0, 2"):
            space.from_choices({"a": wrong})


def test_choices_of_other_types_are_other_spaces():
    """To Python they are equal, and compiled programs go by equality."""
    kinds = [(1, 0), (1.0, 0.0), (True, False), ("1", "0")]
    assert len({spaces.custom({"a": choices}) for choices in kinds}) == 4


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ((1, "1"), "must differ as text, too, got"),
        ((None, "None"), "must differ as text, too, got"),
        ((1, True), r"must differ, got \(1, True\)"),
        ((float("nan"),), "must be finite, got nan in slot 'a'"),
        (((3, 3),), r"must be text, numbers, True, False or None, got \(3, 3\) in"),
        ((np.ones((2, 2)), 1), "must be text, numbers"),
    ],
)
def test_choices_that_can_not_be_kept_are_refused(choices, message):
    with pytest.raises(ValueError, match=message) as error:
        spaces.custom({"a": choices})
    assert "\n" not in str(error.value)


def test_a_rule_holds_in_all_that_a_space_does(rng):
    space = spaces.custom(SLOTS, valid=wide_enough)
    listed = np.concatenate(list(space.enumerate()))
    assert len(listed) == 6
    for rows in (space.sample(rng, 50), space.mutate(rng, listed)):
        assert all(wide_enough(space.by_slot(row)) for row in rows)
    around = space.neighbours(space.parse("depth=1 width=1"))
    assert list(map(space.format, around)) == ["depth=1 width=2", "depth=1 width=3"]
    with pytest.raises(ValueError, match="Not a valid architecture of 'custom'"):
        space.parse("depth=3 width=1")


@pytest.mark.parametrize(
    ("valid", "message"),
    [
        (lambda choices: False, "No architecture of space 'custom' is valid"),
        (lambda choices: None, "must return True or False, got None for 'depth="),
        (lambda choices: choices["width"], r"True or False, got \d for 'depth=\d w"),
        (lambda choices: choices["x"], "failed for 'depth=. width=.': KeyError: 'x'"),
        (3, "valid must map choices by slot to True or False, got 3"),
        ("depth", "space.valid must be 'module:function', got 'depth'"),
        ("math:tau", "space.valid 'math:tau' is not callable"),
    ],
)
def test_a_rule_that_is_none_is_refused_at_once(valid, message):
    with pytest.raises(ValueError, match=message) as error:
        spaces.custom(SLOTS, valid=valid)
    assert "\n" not in str(error.value)


def test_a_rule_may_return_a_truth_value_of_numpy():
    space = spaces.custom(SLOTS, valid=lambda choices: np.float64(1) < choices["width"])
    assert len(np.concatenate(list(space.enumerate()))) == 6


def test_spaces_show_themselves_in_a_line():
    """Pages of slots and choices, and of a rule where its function lies in memory."""
    slots = {"depth": (1, 2, 3), "norm": ("batch", None)}
    ruled = spaces.custom(slots, valid=lambda choices: True)
    assert repr(ruled) == "Constrained('custom', 2 slots, 5 choices, with a rule)"
    lost = spaces.Constrained("custom", ruled.slots)
    assert repr(lost).endswith("choices, with a rule that is not known)")
    assert repr(spaces.custom({"a": (1,)})) == "Space('custom', 1 slot, 1 choice)"
    assert (
        repr(spaces.NASBench201()) == "NASBench201('nasbench201', 6 slots, 30 choices)"
    )
    subset = spaces.Subset(ruled, ruled.sample(np.random.default_rng(0), 1))
    assert repr(subset) == "Subset('custom', 2 slots, 5 choices, 1 architecture)"


def test_a_space_class_of_ones_own_shows_itself_in_a_line():
    @dataclasses.dataclass(frozen=True)
    class Own(spaces.Space):
        more: int = 3

    assert repr(Own("own", spaces.custom({"a": (1, 2)}).slots)) == (
        "Own('own', 1 slot, 2 choices)"
    )
