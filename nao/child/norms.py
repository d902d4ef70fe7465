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
        scale_bias: float32 [num_norms, 2, channels]; may have more rows than used; None
            where norms have neither.
        running: float32 [num_norms, 2, channels]: mean and variance.
        train: Whether to normalise by the batch or by the running averages.
        axis_name: Devices that share a batch, as a mapped axis; None for one device.
    """

    def __init__(
        self,
        scale_bias: Array | None,
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
        if self._scale_bias is None:
            scale, bias = jnp.ones_like(running[0]), jnp.zeros_like(running[0])
        else:
            scale, bias = self._scale_bias[number]
        x = x.astype(jnp.float32)
        if self._train:
            x, moments = _normalize(x, scale, bias, self._axis_name)
            self._running[number] = NORM_DECAY * running + (1 - NORM_DECAY) * moments
        else:
            x = (x - running[0]) * lax.rsqrt(running[1] + NORM_EPSILON)
            x = x * scale + bias
        return x.astype(dtype)

    @property
    def running(self) -> Array:
        """The running averages [num_norms, 2, channels] after what was normalised."""
        # Operations without norms hand on an array of none, which can't be stacked.
        return jnp.stack(self._running) if self._running else self._before


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def _normalize(
    x: Array, scale: Array, bias: Array, axis_name: str | None
) -> tuple[Array, Array]:
    """Returns `x` of mean `bias` and deviation `scale`, and its moments [2, channels].

    Args:
        x: float32 [batch, height, width, channels].
        scale: float32 [channels].
        bias: float32 [channels].
        axis_name: Devices that share the batch.
    """
    return _normalize_forward(x, scale, bias, axis_name)[0]


def _of_all(mean: Array, axis_name: str | None) -> Array:
    """Averages a mean over the devices that share a batch."""
    return mean if axis_name is None else lax.pmean(mean, axis_name)


def _normalize_forward(x, scale, bias, axis_name):
    mean = _of_all(x.mean((0, 1, 2)), axis_name)
    # Not mean(x**2) - mean**2, which loses digits where the mean is large.
    centred = x - mean
    variance = _of_all((centred * centred).mean((0, 1, 2)), axis_name)
    inverse = lax.rsqrt(variance + NORM_EPSILON)
    y = centred * (inverse * scale) + bias
    return (y, jnp.stack([mean, variance])), (x, mean, inverse, scale)


def _normalize_backward(axis_name, saved, grads):
    # Two reductions serve scale, bias and `x`, where automatic differentiation makes
    # six. Nothing flows through the moments: they only feed the running averages.
    x, mean, inverse, scale = saved
    grads = grads[0]
    normal = (x - mean) * inverse
    of_scale, of_bias = (grads * normal).sum((0, 1, 2)), grads.sum((0, 1, 2))
    num = x.size // x.shape[-1]
    along, level = (_of_all(total / num, axis_name) for total in (of_scale, of_bias))
    of_x = inverse * scale * (grads - level - normal * along)
    return of_x, of_scale, of_bias


_normalize.defvjp(_normalize_forward, _normalize_backward)
