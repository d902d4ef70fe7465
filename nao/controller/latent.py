"""Ascent in latent space: the inference step of NAO (Luo et al., 2018, section 3.3)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import networks
from nao.types import Array

_PENALTY = 10.0  # per unit beyond a bound; outweighs the objectives there


class Goal(NamedTuple):
    """What ascent raises and which bounds it keeps, in the unit of the targets.

    float32 [objectives] each.

    Attributes:
        weights: Factor of each objective in the score.
        lower: Least target that is allowed; -inf for any.
        upper: Largest target that is allowed; inf for any.
    """

    weights: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def score(self, predicted: Array | np.ndarray) -> Array | np.ndarray:
        """Maps predictions [..., objectives] to the score that ascent raises [...].

        Linear penalties, so that a gradient leads back wherever a bound is broken.
        """
        # Of either kind: arrays of the host are scored there, without compiling.
        broken = (predicted - self.upper).clip(0) + (self.lower - predicted).clip(0)
        return (predicted * self.weights - _PENALTY * broken).sum(-1)

    def score_rows(self, predicted: Array) -> Array:
        """Maps predictions [num, objectives], or [num] of one, to scores [num]."""
        return self.score(predicted.reshape(len(predicted), -1))


def ascend(
    predict_fn: Callable[[Array], Array],
    encoder_outputs: Array,
    step_sizes: Array,
    normalise_gradient: bool,
) -> Array:
    """Moves encoder outputs towards higher predictions, once for every step size.

    `h' = normalise(h + step_size * df(h)/dh)` at every encoder step at once; a larger
    step size is a longer single jump from the same point, not more steps.

    Args:
        predict_fn: Maps encoder outputs [num, length, hidden] to predictions [num],
            each row on its own.
        encoder_outputs: float32 [num, length, hidden], each of unit length.
        step_sizes: float32 [num_steps]; 0 returns the input up to rounding.
        normalise_gradient: Whether each architecture's gradient is first scaled to root
            mean square length 1 over its encoder steps. A step size is then the typical
            distance an encoder output (of length 1) moves before it is brought back to
            unit length. Otherwise the gradient stays as it is, as in the released code,
            which makes it about 1/length small and step sizes of 1 to 100 usual.

    Returns:
        float32 [num_steps, num, length, hidden], each of unit length.
    """
    # Rows are independent, so the gradient of the sum is each row's own gradient.
    gradient = jax.grad(lambda h: predict_fn(h).sum())(encoder_outputs)
    if normalise_gradient:
        gradient = scale_gradient(gradient)
    step_sizes = step_sizes[:, None, None, None]
    return networks.normalise(encoder_outputs + step_sizes * gradient)


def scale_gradient(gradient: Array) -> Array:
    """Scales gradients [..., length, hidden] to root mean square length 1 over length.

    Where the prediction is flat there is no direction: zero stays zero.
    """
    square = jnp.sum(gradient**2, axis=-1, keepdims=True).mean(-2, keepdims=True)
    return jnp.where(
        square > 0, gradient * jax.lax.rsqrt(jnp.where(square > 0, square, 1)), 0
    )
