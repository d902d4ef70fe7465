"""What a loop over cells keeps for the way back; all else is computed once more there.

Automatic differentiation keeps every array that a gradient reads, stacked over the
loop: of a cell its joined output three times. Writing and reading them takes longer
than making them again from the states and from what norms read.
"""

from collections.abc import Callable

import jax
from jax.ad_checkpoint import checkpoint_name

from nao.types import Array

_KEPT = "kept"


def kept(x: Array) -> Array:
    """Returns `x`, which a step of `keeping` has on its way back as it was."""
    return checkpoint_name(x, _KEPT)


def keeping(step: Callable) -> Callable:
    """Returns the step of a loop that keeps its inputs and what `kept` was given."""
    policy = jax.checkpoint_policies.save_only_these_names(_KEPT)
    # Inside a loop nothing can be shared with the way there, so XLA needs no barrier.
    return jax.checkpoint(step, policy=policy, prevent_cse=False)
