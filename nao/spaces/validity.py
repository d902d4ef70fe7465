"""Which sequences are architectures: rules checked, and valid rows drawn."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_LISTED = 1_000_000  # sequences worth listing to find the few that are valid
_MAX_REJECTIONS = 1000  # rounds of rejection sampling before a space is listed

Validity = Callable[[Any, np.ndarray], np.ndarray]  # `Space.is_valid`


def checked(is_valid: Validity) -> Validity:
    """Wraps the `is_valid` of a space so that what it returns is checked."""

    @functools.wraps(is_valid)
    def wrapped(self: Any, tokens: np.ndarray) -> np.ndarray:
        valid, shape = np.asarray(is_valid(self, tokens)), np.shape(tokens)[:-1]
        # Of no rows, NumPy makes an array of floats.
        if valid.shape != shape or (valid.dtype != bool and valid.size):
            raise ValueError(
                f"is_valid of space {self.name!r} must return bool {list(shape)}, one "
                f"per architecture, got {valid.dtype} of shape {list(valid.shape)}."
            )
        return valid.astype(bool)

    return wrapped


def check_listable(space: str, num_sequences: int) -> None:
    """Raises ValueError where a space of few valid architectures is too large."""
    if num_sequences > MAX_LISTED:
        raise ValueError(
            f"Valid architectures of space {space!r} must not be so few that chance "
            f"finds none: it has {num_sequences:.3g} sequences, more than the "
            f"{MAX_LISTED} that are listed."
        )


def sample(
    rng: np.random.Generator,
    shape: tuple[int, int],
    draw_fn: Callable[[int], np.ndarray],
    list_fn: Callable[[], np.ndarray],
) -> np.ndarray:
    """Draws valid rows, int32 [num, length], by rejection.

    Args:
        rng: Source of randomness.
        shape: Rows to draw, and their length.
        draw_fn: Draws that many rows and returns the valid ones.
        list_fn: Returns all valid rows, at least one; called where hardly any is.
    """
    num = missing = shape[0]
    found = [np.zeros((0, shape[1]), np.int32)]
    for _ in range(_MAX_REJECTIONS):
        if missing <= 0:
            return np.concatenate(found)[:num]
        # 16 at least: where few sequences are valid, the last missing one, drawn
        # singly, would use up the rounds.
        found.append(draw_fn(max(missing, 16)))
        missing -= len(found[-1])
    if missing > 0:
        rows = list_fn()
        found.append(rows[rng.integers(len(rows), size=missing)])
    return np.concatenate(found)[:num]
