"""Batch normalisation with running averages that are handed on, not stored."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from nao.types import Array

# Both as in the released code.
NORM_DECAY = 0.9
NORM_EPSILON = 1e-5


class Norms:
    """The batch normalisations of one place in a network, called by their number.

    Collects the new running averages while a function is traced, since what an
    operation returns must not depend on how many normalisations it has. Computes in
    float32, whatever the type of the images.

    Args:
        scale_bias: float32 [num_norms, 2, channels]; may have more rows than used.
        running: float32 [num_norms, 2, channels]: mean and variance.
        train: Whether to normalise by the batch or by the running averages.
        axis_name: Devices that share a batch, as a mapped axis; None for one device.
    """

    def __init__(
        self,
        scale_bias: Array,
        running: Array,
        train: bool,
        axis_name: str | None = None,
    ):
        self._scale_bias = scale_bias
        self._before = running
        # A list, so that one normalisation replaces its own entry and no other.
        self._running = [running[i] for i in range(running.shape[0])]
        self._train = train
        self._axis_name = axis_name

    def __call__(self, number: int, x: Array) -> Array:
        """Normalises `x` [batch, height, width, channels] as number `number`."""
        running, dtype = self._running[number], x.dtype
        x = x.astype(jnp.float32)
        if self._train:
            x, moments = _normalize(x, self._axis_name)
            self._running[number] = NORM_DECAY * running + (1 - NORM_DECAY) * moments
        else:
            x = (x - running[0]) * lax.rsqrt(running[1] + NORM_EPSILON)
        x = x * self._scale_bias[number, 0] + self._scale_bias[number, 1]
        return x.astype(dtype)

    @property
    def running(self) -> Array:
        """The running averages [num_norms, 2, channels] after what was normalised."""
        # Operations without norms hand on an array of none, which can't be stacked.
        return jnp.stack(self._running) if self._running else self._before


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _normalize(x: Array, axis_name: str | None) -> tuple[Array, Array]:
    """Returns `x` with mean 0 and variance 1 per channel, and its moments [2, c]."""
    return _normalize_forward(x, axis_name)[0]


def _mean(x: Array, axis_name: str | None) -> Array:
    """Averages over pixels and images [channels], those of all devices included."""
    mean = x.mean((0, 1, 2))
    return mean if axis_name is None else lax.pmean(mean, axis_name)


def _normalize_forward(x, axis_name):
    mean = _mean(x, axis_name)
    # Not mean(x**2) - mean**2, which loses digits where the mean is large.
    centred = x - mean
    variance = _mean(centred * centred, axis_name)
    inverse = lax.rsqrt(variance + NORM_EPSILON)
    x = centred * inverse
    return (x, jnp.stack([mean, variance])), (x, inverse)


def _normalize_backward(axis_name, saved, grads):
    # Two reductions, where automatic differentiation makes four. Nothing flows
    # through the moments: they only feed the running averages.
    x, inverse = saved  # `x` is normalised already
    grads = grads[0]
    along = _mean(grads * x, axis_name)
    return (inverse * (grads - _mean(grads, axis_name) - x * along),)


_normalize.defvjp(_normalize_forward, _normalize_backward)
