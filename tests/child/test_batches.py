"""Which examples make up each batch."""

import jax
import numpy as np
import pytest

import nao
from nao.child import batches, programs

KEY = jax.random.key(0)


def test_an_epoch_takes_every_example_once_but_for_what_is_left():
    order = np.asarray(batches.training_order(KEY, 11, 3, carries=False))
    assert order.shape == (3, 3) and len(set(order.ravel())) == 9
    assert (order != np.sort(order.ravel()).reshape(3, 3)).any()


def test_rows_of_a_task_that_carries_read_on():
    """Eleven windows in three stretches of three: 0 to 2, 3 to 5, 6 to 8."""
    order = np.asarray(batches.training_order(KEY, 11, 3, carries=True))
    np.testing.assert_array_equal(order, [[0, 3, 6], [1, 4, 7], [2, 5, 8]])


def test_devices_share_a_part():
    apart = np.asarray(batches.evaluation_order(12, 2, 3, carries=False))
    np.testing.assert_array_equal(apart, np.arange(12).reshape(2, 2, 3))
    read_on = np.asarray(batches.evaluation_order(12, 2, 3, carries=True))
    np.testing.assert_array_equal(
        read_on, [[[0, 2, 4], [1, 3, 5]], [[6, 8, 10], [7, 9, 11]]]
    )


@pytest.mark.parametrize("normalised", [False, True])
def test_parts_are_padded_to_one_shape_and_normalised_when_taken(normalised):
    inputs = np.arange(12, dtype=np.uint8).reshape(6, 2)
    numbers = dict(zip(nao.data.PARTS, (6, 3, 5), strict=True))
    parts = {p: (inputs[:num], np.arange(num)) for p, num in numbers.items()}
    norm = nao.data.Normalisation(np.float32([1, 2]), np.float32([2, 2]))
    task = nao.Task("few", parts, norm if normalised else None)
    placed = batches.place(task, programs.make_mesh(jax.devices()[:1], 1))
    assert {k: v.inputs.shape for k, v in placed.items()} == {
        "train": (6, 2),
        "val": (128, 2),
        "test": (128, 2),
    }
    assert placed["val"].inputs.dtype == np.uint8
    assert placed["val"].weights.sum() == 3 and placed["test"].weights.sum() == 5
    taken, targets, weights = placed["train"].take(np.array([2, 0]))
    expected = [[1.5, 1.5], [-0.5, -0.5]] if normalised else [[4, 5], [0, 1]]
    np.testing.assert_allclose(taken, expected)
    assert targets.tolist() == [2, 0] and weights.tolist() == [1, 1]
