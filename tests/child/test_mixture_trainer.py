"""Weights and logits of a mixture that learn by turns."""

import dataclasses

import jax
import numpy as np
import pytest

from nao.child import ChildConfig, ImageTask, mixture_programs
from nao.child.mixture_config import MixtureConfig
from nao.child.mixture_trainer import MixtureTrainer, draw_halves
from nao.data import Split
from nao.spaces import ConvCell, RecurrentCell
from tests.child import bright

SPACE = ConvCell(("none", "identity", "conv_1x1"), num_nodes=1)
RECIPE = ChildConfig(channels=2, batch_size=8, learning_rate=0.1)
KEY = jax.random.key(0)
TASK = ImageTask.of(bright.dataset())


def trainer(learned=None, space=SPACE, **fields):
    config = MixtureConfig(epochs=10, learning_rate=0.01, **fields)
    return MixtureTrainer(space, learned or TASK, RECIPE, config)


def after(trainer, num_epochs=2):
    state = trainer.init(KEY)
    for _ in range(num_epochs):
        # On the host between epochs, as a search has it.
        state = jax.device_get(trainer.learn(state))
    return state


def test_halves_have_full_batches_of_examples_of_their_own():
    """Of 65 examples 32 are a half: three batches of 10, two of the examples left."""
    training, validation = draw_halves(KEY, 65, 10)
    for half, begin in ((training, 0), (validation, 32)):
        assert half.shape == (3, 10) and len(np.unique(half)) == 30
        assert begin <= half.min() and half.max() < begin + 32


def test_it_learns_and_repeats_itself():
    own = trainer()
    mixture_programs.mixture_gradients.clear_cache()
    first, again = after(own, 10), after(trainer(), 10)
    # One, whether a state was drawn, learned or read from the host.
    assert mixture_programs.mixture_gradients._cache_size() == 1
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name], err_msg=name)
    assert first["epoch"] == 10 and first["steps"] == 40
    measured = own.evaluate(first, own.mixed(first))
    # Of 20 images, each counted once.
    accuracy = measured["val_accuracy"] * 20
    np.testing.assert_allclose(accuracy, round(accuracy), atol=1e-4)
    assert measured["val_accuracy"] > 0.7
    assert first["train_loss"] < after(own, 1)["train_loss"]


def test_the_validation_part_is_not_learned_from():
    images, labels = (getattr(bright.split(1, 20), n) for n in ("images", "labels"))
    flipped = bright.dataset(validation=Split(images, 1 - labels))
    own, other = trainer(), trainer(ImageTask.of(flipped))
    first, second = after(own, 1), after(other, 1)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
    one, two = (each.evaluate(first, own.mixed(first)) for each in (own, other))
    np.testing.assert_allclose(one["val_accuracy"], 1 - two["val_accuracy"], rtol=1e-5)


@pytest.mark.parametrize(
    "product", [pytest.param("exact", marks=pytest.mark.slow), "finite"]
)
def test_second_order_goes_another_way(product):
    first = after(trainer(), 1)
    second = after(trainer(order="second", product=product), 1)
    # Adam's first steps are as long whatever the gradient is; its mean is not.
    assert not np.allclose(first["mean"], second["mean"], rtol=1e-2)
    assert all(np.isfinite(array).all() for array in second.values())


@pytest.mark.slow
def test_gumbel_learns_on_one_operation_of_each_edge():
    own = trainer(relaxation="gumbel")
    state = after(own, 2)
    assert np.isfinite(state["weights"]).all()
    assert not np.array_equal(state["logits"], own.init(KEY)["logits"])
    mixed = own.mixed(state)
    np.testing.assert_array_equal(mixed.sum(-1), 1)
    np.testing.assert_array_equal(mixed.argmax(-1), state["logits"].argmax(-1))


def test_what_has_no_mixture_is_refused():
    with pytest.raises(ValueError, match="conv_cell and nasbench201, got 'recurrent"):
        trainer(space=RecurrentCell())
    few = dataclasses.replace(RECIPE, batch_size=33)
    with pytest.raises(ValueError, match="at most 32, half of the training images"):
        MixtureTrainer(SPACE, TASK, few, MixtureConfig())
