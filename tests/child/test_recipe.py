import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import ChildConfig, FinalConfig
from nao.child.recipe import Recipe


def update(gradient, parameter, progress, **changes):
    """Returns how one step moves a parameter; by default plainly, at a rate of 0.5."""
    plain = {"learning_rate": 0.5, "momentum": 0.0, "weight_decay": 0.0}
    recipe = Recipe.of(ChildConfig(**(plain | changes)))
    optimizer = recipe.optimizer(jnp.float32(progress))
    parameter = jnp.float32(parameter)
    updates, _ = optimizer.update(
        jnp.float32(gradient), optimizer.init(parameter), parameter
    )
    return float(updates)


def test_gradients_are_clipped_before_they_decay():
    """Gradient 10 is clipped to 5; 0.1 * 2 is added; times the rate, 0.5."""
    moved = update(10.0, 2.0, 0.0, weight_decay=0.1, grad_clip=5.0)
    assert moved == pytest.approx(-0.5 * 5.2)


@pytest.mark.parametrize(("progress", "share"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_a_cosine_takes_the_rate_to_zero(progress, share):
    np.testing.assert_allclose(update(1.0, 2.0, progress), -0.5 * share, atol=1e-7)


def test_a_constant_rate_stays():
    rates = {update(1.0, 2.0, p, schedule="constant") for p in (0.0, 0.5, 1.0)}
    assert rates == {-0.5}


def test_momentum_is_nesterovs():
    """The first step moves by the gradient and once more by momentum times it."""
    assert update(1.0, 2.0, 0.0, momentum=0.9) == pytest.approx(-0.5 * 1.9)


@pytest.mark.parametrize("alone", [{"specialised": True}, {"time_limit_s": 2.0}])
def test_children_that_train_one_by_one_share_no_program(alone):
    (name,) = alone
    rule = rf"child\.at_once must be 1 with child\.{name}, .* one by one, got 4"
    with pytest.raises(ValueError, match=rule):
        ChildConfig(at_once=4, **alone)
    with pytest.raises(ValueError, match=r"child\.at_once must be at least 1, got 0"):
        ChildConfig(at_once=0, **alone)


def test_numbers_of_a_config_are_traced_and_all_there():
    config = ChildConfig(drop_path=0.25, dropout=0.5, auxiliary=0.75, shift=2, cutout=3)
    recipe = Recipe.of(config, "as the task has it")
    for name in Recipe._fields[:-2]:
        assert getattr(recipe, name) == np.float32(getattr(config, name))
        assert getattr(recipe, name).dtype == jnp.float32
    assert recipe.augmentation == "as the task has it"


@pytest.mark.parametrize("config", [ChildConfig, FinalConfig])
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cells_per_stage", -1, "cells_per_stage must be a positive integer, got -1"),
        ("window", 0, "window must be a positive integer, got 0"),
        ("window_spread", -1, "window_spread must be 0 to window=35, got -1"),
        ("window_spread", 36, "window_spread must be 0 to window=35, got 36"),
        ("learning_rate", 0.0, "learning_rate must be positive, got 0.0"),
        ("learning_rate", float("nan"), "learning_rate must be a finite number, got n"),
        ("shift", 2**31 - 1, "shift must be at most 2147483646, got 2147483647"),
        ("cutout", 2.5, "cutout must be a whole number, got 2.5"),
        ("dropout", 1.0, r"dropout must be in \[0, 1\), got 1.0"),
        ("dropout_weight", -0.1, r"dropout_weight must be in \[0, 1\), got -0.1"),
        ("temporal_penalty", -1.0, "temporal_penalty must not be negative, got -1.0"),
        ("schedule", "step", "schedule must be one of cosine, constant, got 'step'"),
        ("average_after", -1, "average_after must not be negative, got -1"),
        ("average_after", 10**6 + 1, "average_after must be at most 1000000, got 1"),
        ("auxiliary", -1.0, "auxiliary must not be negative, got -1.0"),
        ("memory_limit_mib", -1.0, "memory_limit_mib must not be negative, got -1.0"),
        ("micro_batches", 0, r"micro_batches must divide batch_size=\d+, got 0"),
    ],
)
def test_a_wrong_value_names_the_rule(config, field, value, message):
    # With the section that the command line has it in.
    with pytest.raises(ValueError, match=rf"^{config.section}\.{message}"):
        config(**{field: value})
