"""Arrays of any kind, cut and normalised."""

import numpy as np
import pytest

from nao.data import PARTS, Normalisation, cut


def test_arrays_are_cut_always_the_same_way():
    inputs, targets = np.arange(20)[:, None], np.arange(20)
    parts = cut(inputs, targets, 0.2)
    assert {k: len(v.inputs) for k, v in parts.items()} == {
        "train": 12,
        "validation": 4,
        "test": 4,
    }
    together = np.concatenate([parts[part].targets for part in PARTS])
    assert sorted(together) == list(range(20)) and list(together) != list(range(20))
    for own in parts.values():
        np.testing.assert_array_equal(own.inputs[:, 0], own.targets)
    again = cut(inputs, targets, 0.2)
    np.testing.assert_array_equal(again["test"].targets, parts["test"].targets)
    assert [len(cut([1, 2, 3], [1, 2, 3])[part].inputs) for part in PARTS] == [1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2, 3], [1, 2]), "got 3 inputs and 2 targets"),
        (([1, 2], [1, 2]), "3 or more, got 2 inputs"),
        (([1, 2, 3], [1, 2, 3], 0.5), "share must be above 0 and below 0.5, got 0.5"),
    ],
)
def test_what_can_not_be_cut_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        cut(*arguments)


def test_numbers_of_the_last_axis_are_normalised_each_by_itself():
    """0, 2, 4 and a constant 7: mean 2 and 7, deviation sqrt(8 / 3) and 1."""
    inputs = np.array([[0, 7], [2, 7], [4, 7]], np.int16)
    norm = Normalisation.of(inputs)
    np.testing.assert_allclose(norm.mean, [2, 7])
    np.testing.assert_allclose(norm.deviation, [np.sqrt(8 / 3), 1])
    applied = np.asarray(norm.apply(inputs))
    assert applied.dtype == np.float32
    np.testing.assert_allclose(applied[:, 0].std(), 1, rtol=1e-6)
    np.testing.assert_allclose(applied[:, 1], 0)
