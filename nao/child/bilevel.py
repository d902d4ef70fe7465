"""Gradients of a validation loss in logits whose weights learn beside them (DARTS).

Weights follow the training loss, logits the validation loss (Liu et al., 2019,
arXiv:1806.09055, section 2.3). Of first order, weights are taken as they are. Of second
order, they are taken as one step of training would leave them, which depends on the
logits, too.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nao.types import Array

# Maps (weights, logits) to the gradients of a loss in both.
Gradients = Callable[[Array, Array], tuple[Array, Array]]
# Maps (gradients of the training loss, weights, logits, direction) to the derivative of
# its gradient in the logits where weights move in the direction.
Product = Callable[[Gradients, Array, Array, Array], Array]


def second_order(
    of_training: Gradients,
    of_validation: Gradients,
    weights: Array,
    logits: Array,
    rate: Array | float,
    drift: Array | float,
    product: Product,
) -> Array:
    """Returns the gradient in the logits through one step of training (equation 7).

    Args:
        of_training: Gradients of the training loss.
        of_validation: Gradients of the validation loss.
        weights: float32 [num_weights].
        logits: float32, of any shape.
        rate: Learning rate of that step, xi in the paper.
        drift: What the step adds to the gradient: momentum and weight decay.
        product: `exact_product` or `finite_product`.
    """
    of_weights, _ = of_training(weights, logits)
    ahead = weights - rate * (of_weights + drift)
    direction, of_logits = of_validation(ahead, logits)
    return of_logits - rate * product(of_training, weights, logits, direction)


def exact_product(
    of_training: Gradients, weights: Array, logits: Array, direction: Array
) -> Array:
    """Returns the mixed second derivative times a direction, see `Product`."""

    def of_logits(weights):
        return of_training(weights, logits)[1]

    return jax.jvp(of_logits, (weights,), (direction,))[1]


def finite_product(
    of_training: Gradients, weights: Array, logits: Array, direction: Array
) -> Array:
    """Returns the same by finite differences (equation 8), from two more gradients.

    Of a network of rectifiers it may be another number: units that switch on the way
    count in the differences, and not in the derivative at the point.
    """
    # As in the paper and its code. Of a zero direction any step will do.
    size = 0.01 / jnp.maximum(jnp.linalg.norm(direction), 1e-12)
    ahead, behind = (
        of_training(weights + sign * size * direction, logits)[1] for sign in (1, -1)
    )
    return (ahead - behind) / (2 * size)
