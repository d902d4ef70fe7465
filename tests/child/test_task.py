"""What a task says of itself, and what it refuses."""

import dataclasses
import math

import jax
import numpy as np
import pytest

import nao
from nao.child import Task
from nao.child.task import check_measures
from nao.data import PARTS

PAIR = (np.zeros((4, 3)), np.arange(4))
PARTS_OF_FOUR = dict.fromkeys(PARTS, PAIR)


class Squares(Task):
    """Reports the root of a mean square."""

    objective = "error"

    def loss(self, outputs, targets):
        return (outputs - targets) ** 2

    def summarise(self, means):
        return means | {"error": math.sqrt(means["loss"])}


def test_numbers_are_of_types_that_devices_have():
    task = Task("x", PARTS_OF_FOUR)
    assert task.input_dtype == "float32" and task.input_shape == (3,)
    assert task.parts["test"].targets.dtype == np.int32
    assert task.num_examples == dict.fromkeys(PARTS, 4)


def test_means_become_what_is_reported():
    task = Squares("x", PARTS_OF_FOUR)
    assert task.measured("val", {"loss": 9.0}) == {"val_loss": 9.0, "val_error": 3.0}


def test_programs_are_fixed_to_rules_and_not_to_data():
    other = dict.fromkeys(PARTS, (np.ones((5, 3)), np.arange(5)))
    one, two = Squares("x", PARTS_OF_FOUR).rules, Squares("y", other).rules
    assert one == two and hash(one) == hash(two) and not one.parts
    assert one != Task("x", PARTS_OF_FOUR).rules
    assert one != Squares("x", PARTS_OF_FOUR, num_outputs=2).rules


def test_the_hash_is_of_the_data():
    task = Task("x", PARTS_OF_FOUR)
    assert task.sha256() == Squares("y", PARTS_OF_FOUR).sha256()
    changed = PARTS_OF_FOUR | {"test": (np.ones((4, 3)), np.arange(4))}
    assert task.sha256() != Task("x", changed).sha256()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([PAIR] * 3, "parts must be train, validation, test, got list"),
        ({"train": PAIR}, r"parts must be train, validation, test, got \['train'\]"),
        ({"test": (PAIR[0], [1])}, r"got shapes \[4, 3\] and \[1\] in test"),
        ({"test": (PAIR[0][:0], [])}, r"got shapes \[0, 3\] and \[0\] in test"),
        ({"test": (PAIR[0][:, :2], PAIR[1])}, r"float32 \[3\] in train and float32 \["),
        ({"test": (PAIR[0], PAIR[1] / 2)}, "targets of all .* int32 .* and float32 "),
        ({"test": (PAIR[0].astype(str), PAIR[1])}, "must be numbers, got <U"),
    ],
)
def test_inconsistent_parts_are_named(parts, message):
    whole = isinstance(parts, dict) and "test" in parts
    with pytest.raises(ValueError, match=message):
        Task("x", PARTS_OF_FOUR | parts if whole else parts)


def test_fields_that_programs_can_not_be_fixed_to_are_named():
    @dataclasses.dataclass(frozen=True)
    class Weighted(Squares):
        weights: tuple = ()

    assert Weighted("x", PARTS_OF_FOUR, weights=(1.0, 2.0)).rules.weights == (1.0, 2.0)
    with pytest.raises(ValueError, match="Fields of Weighted must be hashable, tuples"):
        Weighted("x", PARTS_OF_FOUR, weights=np.ones(2))


def test_a_task_without_a_loss_is_named():
    with pytest.raises(NotImplementedError, match="Task must have a loss"):
        Task("x", PARTS_OF_FOUR).measures(PAIR[0], PAIR[1])


def test_metrics_without_names_are_named():
    class Bare(Squares):
        def metrics(self, outputs, targets):
            return abs(outputs - targets)

    with pytest.raises(TypeError, match="metrics of Bare must return arrays by name"):
        Bare("x", PARTS_OF_FOUR).measures(PAIR[0], PAIR[0])


def test_a_loss_that_is_no_number_for_each_example_is_named():
    check_measures({"loss": np.zeros(4)}, 4)
    with pytest.raises(ValueError, match=r"loss must be \[batch\], .* here \[4\], got"):
        check_measures({"loss": np.zeros(())}, 4)
    with pytest.raises(ValueError, match=r"error must be .* got shape \[4, 2\]"):
        check_measures({"loss": np.zeros(4), "error": np.zeros((4, 2))}, 4)


def test_a_task_changes_nothing_in_training_by_itself():
    task, (inputs, targets) = Task("x", PARTS_OF_FOUR), PAIR
    amounts = task.amounts(nao.ChildConfig(shift=1))
    changed = task.augment(jax.random.key(0), inputs, targets, amounts)
    assert changed[0] is inputs and changed[1] is targets
