import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import ChildConfig
from nao.child.recipe import Recipe


def update(recipe, gradient, parameter, progress):
    optimiser = recipe.optimizer(jnp.float32(progress))
    parameter = jnp.float32(parameter)
    updates, _ = optimiser.update(
        jnp.float32(gradient), optimiser.init(parameter), parameter
    )
    return float(updates)


def test_gradients_are_clipped_before_they_decay():
    """Gradient 10 is clipped to 5; 0.1 * 2 is added; times the rate, 0.5."""
    recipe = Recipe(0.5, momentum=0.0, weight_decay=0.1, grad_clip=5.0)
    assert update(recipe, 10.0, 2.0, 0.0) == pytest.approx(-0.5 * 5.2)


@pytest.mark.parametrize(("progress", "share"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_a_cosine_takes_the_rate_to_zero(progress, share):
    recipe = Recipe(0.5, momentum=0.0, weight_decay=0.0, grad_clip=5.0)
    np.testing.assert_allclose(
        update(recipe, 1.0, 2.0, progress), -0.5 * share, atol=1e-7
    )


def test_momentum_is_nesterovs():
    """The first step moves by the gradient and once more by momentum times it."""
    recipe = Recipe(0.5, momentum=0.9, weight_decay=0.0, grad_clip=5.0)
    assert update(recipe, 1.0, 2.0, 0.0) == pytest.approx(-0.5 * 1.9)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("channels", 0, "channels must be a positive integer, got 0"),
        ("epochs", 1.5, "epochs must be a positive integer, got 1.5"),
        ("learning_rate", float("nan"), "learning_rate must be positive, got nan"),
        ("momentum", 1.0, r"momentum must be in \[0, 1\), got 1.0"),
        ("time_limit_s", -1.0, "time_limit_s must not be negative, got -1.0"),
    ],
)
def test_a_wrong_value_names_the_rule(field, value, message):
    with pytest.raises(ValueError, match=message):
        ChildConfig(**{field: value})
