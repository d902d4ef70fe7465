"""How an epoch reads the training part: batch by batch, or along a text.

Language models are trained on windows of drawn length (Merity et al., 2018,
arXiv:1708.02182), so that no token is always the first of one. Shapes of a compiled
program are fixed: a step computes the longest window there is, of which only the first
`length` tokens count, and the next window begins after them.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from nao.child import batches
from nao.child.batches import DevicePart
from nao.child.recipe import Recipe
from nao.types import Array, PyTree

NONE = -1  # target of what does not count
_HALVED = 0.05  # share of windows that are half as long, as in AWD-LSTM's code
_SHORTEST = 5  # tokens, as there
# DARTS cuts windows at four deviations. Steps of two are a fifth shorter (for 35 and
# 5), and one window in 44 is longer.
_DEVIATIONS = 2


class Read(NamedTuple):
    """What one step reads."""

    number: Array  # of the step in the epoch, int32
    progress: Array  # of the training, 0 at the first step, 1 after the last
    inputs: Array  # [batch, ...]
    targets: Array  # [batch, ...]
    length: Array | None = None  # tokens of the window that count; None for all
    share: Array | None = None  # the same as a share of the window that is asked for

    def scaled(self, recipe: Recipe) -> Recipe:
        """Returns the recipe of the step: its rate is in proportion to the length.

        So each token has the same say, as losses are means over tokens.
        """
        if self.share is None:
            return recipe
        return recipe._replace(learning_rate=recipe.learning_rate * self.share)

    def mean(self, losses: Array) -> Array:
        """Returns the mean of what counts of losses [batch], means over all tokens."""
        if self.length is None:
            return losses.mean()
        return losses.mean() * (self.inputs.shape[1] / self.length)


# Maps (what changes, what is read) to (that after the step, the step's loss).
Step = Callable[[PyTree, Read], tuple[PyTree, Array]]


class Epoch(NamedTuple):
    """Which pass over the examples it is, from 0, and of how many."""

    number: Array
    num_epochs: Array


def batch_by_batch(
    key: Array,
    step: Step,
    start: PyTree,
    epoch: Epoch,
    part: DevicePart,
    size: int,
    carries: bool,
) -> tuple[PyTree, Array]:
    """Takes a step for each batch; what is left of the examples is dropped.

    Args:
        key: Order of the examples.
        step: What is done with a batch.
        start: What the first step begins with.
        epoch: Which pass it is.
        part: Training examples.
        size: Examples of a batch.
        carries: See `batches.training_order`.

    Returns:
        What the last step left, and the mean loss of the steps.
    """
    order = batches.training_order(key, part.weights.shape[0], size, carries)
    num_steps = len(order)

    def body(state, batch):
        number, indices = batch
        done = epoch.number * num_steps + number
        progress = done / (epoch.num_epochs * num_steps)
        inputs, targets, _ = part.take(indices)
        return step(state, Read(number, progress, inputs, targets))

    state, losses = lax.scan(body, start, (jnp.arange(num_steps), order))
    return state, losses.mean()


def along_rows(
    key: Array,
    step: Step,
    start: PyTree,
    epoch: Epoch,
    part: DevicePart,
    size: int,
    spread: int,
) -> tuple[PyTree, Array]:
    """Takes a step for each window of drawn length, until all rows are read.

    Rows are those that `batch_by_batch` reads: the windows of each, end to end. All of
    a step have one length, and each token of a row is read once.

    Args:
        key: Lengths of the windows.
        step: What is done with a window of each row.
        start: What the first step begins with.
        epoch: Which pass it is.
        part: Windows [num, window] and their targets.
        size: Rows.
        spread: See `draw_length`; not 0.

    Returns:
        What the last step left, and the mean loss of all tokens.
    """
    window = part.inputs.shape[1]
    most = longest(window, spread)
    rows = [_rows(own, size, most) for own in (part.inputs, part.targets)]
    num = rows[0].shape[1] - most

    def body(read):
        state, total, number, place = read
        drawn = draw_length(jax.random.fold_in(key, number), window, spread)
        length = jnp.minimum(drawn, num - place)  # the last is what is left
        inputs, targets = (lax.dynamic_slice_in_dim(x, place, most, 1) for x in rows)
        targets = jnp.where(jnp.arange(most) < length, targets, NONE)
        progress = (epoch.number + place / num) / epoch.num_epochs
        now = Read(number, progress, inputs, targets, length, length / window)
        state, loss = step(state, now)
        return state, total + loss * length, number + 1, place + length

    begun = start, jnp.float32(0), jnp.int32(0), jnp.int32(0)
    state, total, *_ = lax.while_loop(lambda read: read[-1] < num, body, begun)
    return state, total / num


def _rows(windows: Array, size: int, most: int) -> Array:
    """Returns the windows of each row end to end, and so many zeros after them."""
    num = len(windows) // size * size
    return jnp.pad(windows[:num].reshape(size, -1), ((0, 0), (0, most)))


def longest(window: int, spread: int) -> int:
    """Returns the tokens of the longest window that can be drawn."""
    return window + _DEVIATIONS * spread


def draw_length(key: Array, window: int, spread: int) -> Array:
    """Draws the tokens of a window, int32.

    Around `window` with a standard deviation of `spread`, or, one time in 20, around
    half of it; at least 5 (where `window` is) and at most `longest`.
    """
    halved_key, length_key = jax.random.split(key)
    halved = jax.random.bernoulli(halved_key, _HALVED)
    drawn = window * jnp.where(halved, 0.5, 1) + spread * jax.random.normal(length_key)
    shortest, most = min(_SHORTEST, window), longest(window, spread)
    # Rounded down, as there.
    return jnp.clip(drawn, shortest, most).astype(jnp.int32)
