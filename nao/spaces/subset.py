"""A space cut down to a list of architectures, such as the rows of a table."""

import functools
from collections.abc import Iterator

import networkx as nx
import numpy as np

from nao.spaces import base


class Subset(base.Space):
    """The architectures of a space that stand in a list; all else is not valid.

    Grammar, notation, canonical form and drawings are those of the whole space.
    """

    whole: base.Space
    members: tuple[tuple[int, ...], ...]

    def __init__(self, whole: base.Space, tokens: np.ndarray):
        """Makes the space.

        Args:
            whole: The space that the architectures belong to.
            tokens: int32 [num, length], valid in `whole`; at least one.
        """
        if not len(tokens):
            raise ValueError(f"A subset of {whole.name!r} needs an architecture.")
        object.__setattr__(self, "whole", whole)
        object.__setattr__(self, "members", tuple(map(tuple, np.asarray(tokens))))
        super().__init__(whole.name, whole.slots, whole.group)

    def __eq__(self, other: object) -> bool:
        """Compares the whole space and the list."""
        return (
            isinstance(other, Subset)
            and self.whole == other.whole
            and self.members == other.members
        )

    __hash__ = base.Space.__hash__

    @functools.cached_property
    def _member_tokens(self) -> np.ndarray:
        return np.array(self.members, np.int32)

    @functools.cached_property
    def _member_set(self) -> frozenset[tuple[int, ...]]:
        return frozenset(self.members)

    @property
    def num_sequences(self) -> int:
        """Number of architectures in the list."""
        return len(self.members)

    def sample(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Draws members uniformly, with replacement, int32 [num, length]."""
        return self._member_tokens[rng.integers(len(self.members), size=num)]

    def enumerate(self, batch_size: int = 8192) -> Iterator[np.ndarray]:
        """Yields the members in the order of the list, [<=batch, length]."""
        for start in range(0, len(self.members), batch_size):
            yield self._member_tokens[start : start + batch_size]

    def is_valid(self, tokens: np.ndarray) -> np.ndarray:
        """Says which rows [num, length] are in the list, bool [num]."""
        rows = map(tuple, np.asarray(tokens).tolist())
        return np.array([row in self._member_set for row in rows], bool)

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the whole space's representative, listed or not."""
        return self.whole.canonical(tokens)

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to a random sequence of the whole space, listed or not."""
        return self.whole.equivalents(rng, tokens)

    def features(self, tokens: np.ndarray) -> np.ndarray:
        """Describes each row as the whole space does."""
        return self.whole.features(tokens)

    def format(self, tokens: np.ndarray) -> str:
        """Writes one architecture [length] in the whole space's notation."""
        return self.whole.format(tokens)

    def _parse_notation(self, text: str) -> np.ndarray:
        return self.whole.parse(text)

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns one architecture [length] as the whole space draws it."""
        return self.whole.graph(tokens)
