"""Architectures in whatever form a caller has them."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from nao.spaces import Constrained, Space, Subset

# Text in the space's notation or versioned JSON, a choice for each slot by name, tokens
# [length], an object with `tokens` (a trial), or many of them: a list, [num, length],
# `Found`.
Architectures = Any


def check_space(space: Any) -> None:
    """Raises TypeError where something else was given for a space."""
    if not isinstance(space, Space):
        raise TypeError(
            f"space must be a space such as nao.spaces.NASBench201(), got {space!r}."
        )


def check_rule(space: Space) -> None:
    """Raises ValueError where a space was read whose rule no file can hold."""
    if isinstance(space, Constrained) and space.valid is None:
        raise ValueError(
            f"The rule of space {space.name!r} is a function, which no file holds: "
            "give the space as space=, as in nao.Embedding.from_workdir(workdir, "
            "space=...)."
        )


def to_tokens(space: Space, architectures: Architectures) -> np.ndarray:
    """Returns the tokens of architectures, int32 [num, length]; one makes one row.

    A `Subset` lists some architectures of a space; here any of the whole space will do,
    since the controller encodes them all.

    Raises:
        ValueError: If one is not an architecture of the space.
    """
    if isinstance(space, Subset):
        space = space.whole
    if np.ndim(getattr(architectures, "tokens", ())) == 2:
        return _check(space, architectures.tokens)  # what a query found
    if isinstance(architectures, str | Mapping) or hasattr(architectures, "tokens"):
        return _one(space, architectures)[None]
    if not isinstance(architectures, np.ndarray):
        if not isinstance(architectures, Iterable):
            raise ValueError(f"Not an architecture: {architectures!r}.")
        rows = list(architectures)
        if not rows:
            return np.zeros((0, space.length), np.int32)
        if not all(isinstance(row, int | np.integer) for row in rows):
            return np.stack([_one(space, row) for row in rows])
        architectures = np.array(rows)
    return _check(space, np.atleast_2d(architectures))


def is_points(where: Any) -> bool:
    """Says whether these are points of the latent space, not architectures."""
    return isinstance(where, np.ndarray | jax.Array) and where.ndim == 3


def _one(space: Space, architecture: Any) -> np.ndarray:
    if isinstance(architecture, str):
        return space.parse(architecture)
    if isinstance(architecture, Mapping):
        tokens = space.from_choices(architecture)
    else:
        tokens = np.asarray(getattr(architecture, "tokens", architecture))
        if tokens.ndim != 1:
            raise ValueError(
                f"An architecture must be text, choices by slot or {space.length} "
                f"tokens, got shape {list(tokens.shape)}."
            )
    return _check(space, tokens[None])[0]


def _check(space: Space, tokens: np.ndarray) -> np.ndarray:
    if (
        tokens.ndim != 2
        or tokens.shape[1] != space.length
        or tokens.dtype.kind not in "iu"
    ):
        raise ValueError(
            f"Architectures of space {space.name!r} must be integers of shape [num, "
            f"{space.length}], got {tokens.dtype} of shape {list(tokens.shape)}."
        )
    valid = space.is_valid(tokens)
    if not valid.all():
        first = int(np.argmin(valid))
        raise ValueError(
            f"Not a valid architecture of {space.name!r}: tokens "
            f"{tokens[first].tolist()} in row {first}."
        )
    return tokens.astype(np.int32)
