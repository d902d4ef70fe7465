import numpy as np
import pytest

from nao import spaces


class Ascending(spaces.Space):
    """Two digits, the second larger: a constraint that crosses slots."""

    def is_valid(self, tokens):
        tokens = np.asarray(tokens)
        return super().is_valid(tokens) & (tokens[:, 0] < tokens[:, 1])


DIGITS = (spaces.Slot("a", ("0", "1", "2")), spaces.Slot("b", ("0", "1", "2")))


def test_vocabulary_and_legal_by_hand():
    space = spaces.custom({"a": ("x", "y"), "b": ("y", "z")})
    assert space.vocabulary == ("<start>", "x", "y", "z")
    np.testing.assert_array_equal(space.legal, [[0, 1, 1, 0], [0, 0, 1, 1]])
    assert space.num_sequences == 4


def test_constraints_hold_in_samples_mutations_and_enumeration(rng):
    """Of the 9 pairs of digits, 01, 02 and 12 ascend."""
    space = Ascending("ascending", DIGITS)
    tokens = space.sample(rng, 40)
    assert (tokens[:, 0] < tokens[:, 1]).all()
    assert space.is_valid(space.mutate(rng, tokens)).all()
    assert len(np.concatenate(list(space.enumerate()))) == 3
    with pytest.raises(ValueError, match="Not a valid architecture"):
        space.parse("a=2 b=1")


def test_a_space_without_valid_architectures_says_so(rng):
    class Empty(spaces.Space):
        def is_valid(self, tokens):
            return np.zeros(len(tokens), bool)

    with pytest.raises(ValueError, match="No architecture of space 'empty' is valid"):
        Empty("empty", DIGITS).sample(rng, 3)
    many = spaces.custom({f"slot {i}": range(10) for i in range(9)}).slots
    with pytest.raises(ValueError, match=r"must not be so few .* 1e\+09 sequences"):
        Empty("empty", many).sample(rng, 3)


def test_the_only_valid_architecture_is_found(rng):
    """Chance hardly draws one in a million."""

    class Nines(spaces.Space):
        def is_valid(self, tokens):
            return super().is_valid(tokens) & (self.to_indices(tokens) == 9).all(1)

    space = Nines("nines", spaces.custom({str(i): range(10) for i in range(6)}).slots)
    np.testing.assert_array_equal(space.to_indices(space.sample(rng, 2)), 9)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (
            lambda tokens: tokens[:, :1] > 0,
            r"bool \[16\].* got bool of shape \[16, 1\]",
        ),
        (lambda tokens: True, r"got bool of shape \[\]"),
        (lambda tokens: np.ones(len(tokens)), r"got float64 of shape \[16\]"),
        (lambda tokens: None, r"got object of shape \[\]"),
    ],
)
def test_what_is_valid_must_return_is_said(rng, result, message):
    class Wrong(spaces.Space):
        def is_valid(self, tokens):
            return result(tokens)

    with pytest.raises(ValueError, match=f"is_valid of space 'wrong' must .*{message}"):
        Wrong("wrong", DIGITS).sample(rng, 3)


def test_a_list_says_what_is_valid_too(rng):
    class Listing(spaces.Space):
        def is_valid(self, tokens):
            return [row[0] == row[1] for row in tokens]

    space = Listing("listing", DIGITS)
    assert (space.sample(rng, 5)[:, 0] == space.sample(rng, 5)[:, 1]).any()
    assert space.is_valid(np.zeros((0, 2), np.int32)).dtype == bool


def test_enumeration_is_complete_and_in_batches():
    space = spaces.custom({"a": range(3), "b": range(4)})
    batches = list(space.enumerate(batch_size=5))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    assert len({tuple(row) for row in np.concatenate(batches)}) == 12


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ({}, "at least one slot"),
        ({"a": ()}, "at least one choice"),
        ({"a": (1, 1)}, "must differ"),
        ({"a": ("x\ny",)}, "printable text"),
        ({"a=b": (1,)}, "must not have '='"),
        ({"a": "abc"}, "must be a list"),
        ({"a": 3}, "must be a list"),
        ({"a": ("<start>",)}, "reserved"),
    ],
)
def test_bad_slots_are_refused(slots, message):
    with pytest.raises(ValueError, match=message):
        spaces.custom(slots)


def test_group_must_divide_the_length():
    with pytest.raises(ValueError, match="group must divide"):
        spaces.Space("x", DIGITS, group=3)


def test_parse_names_the_slot_and_the_choices():
    space = spaces.custom({"a": ("x", "y"), "b": ("y", "z")})
    with pytest.raises(ValueError, match="Unknown choice 'w' in slot 'a'; known: x, y"):
        space.parse("a=w b=y")
    with pytest.raises(ValueError, match="lacks slots b"):
        space.parse("a=x")
    with pytest.raises(ValueError, match="Unknown slot 'c'"):
        space.parse("a=x b=y c=z")
    with pytest.raises(ValueError, match="each slot once"):
        space.parse("a=x a=y b=y")
