"""A space cut down to a list of architectures, such as the rows of a table."""

import dataclasses
import functools
from collections.abc import Iterator

import networkx as nx
import numpy as np

from nao.spaces import base, notation
from nao.system.showing import counted


@dataclasses.dataclass(frozen=True)
class Subset(base.Space):
    """The architectures of a space that stand in a list; all else is not valid.

    Grammar, notation, canonical form and drawings are those of the whole space.

    Attributes:
        whole: The space that the architectures belong to.
        members: Their tokens, int32 [num, length], valid in `whole` and at least one;
            kept as tuples.
    """

    name: str = dataclasses.field(init=False)
    slots: tuple[base.Slot, ...] = dataclasses.field(init=False)
    group: int = dataclasses.field(init=False)
    whole: base.Space
    # Left out of the hash, which would read thousands of rows each time it is taken.
    members: tuple[tuple[int, ...], ...] = dataclasses.field(hash=False)

    def __post_init__(self):
        if not len(self.members):
            raise ValueError(f"A subset of {self.whole.name!r} needs an architecture.")
        members = tuple(map(tuple, np.asarray(self.members).tolist()))
        object.__setattr__(self, "members", members)
        for name in ("name", "slots", "group"):
            # The whole's own: controllers and saved architectures tell no difference.
            object.__setattr__(self, name, getattr(self.whole, name))
        super().__post_init__()

    def __repr__(self) -> str:
        return notation.in_short(self, counted(len(self.members), "architecture"))

    @functools.cached_property
    def _member_tokens(self) -> np.ndarray:
        return np.array(self.members, np.int32)

    @functools.cached_property
    def _member_keys(self) -> frozenset[bytes]:
        return frozenset(self.keys(self._member_tokens))

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
        return np.array([key in self._member_keys for key in self.keys(tokens)], bool)

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the whole space's representative, listed or not."""
        return self.whole.canonical(tokens)

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to a random sequence of the whole space, listed or not."""
        return self.whole.equivalents(rng, tokens)

    def features(self, tokens: np.ndarray) -> np.ndarray:
        """Describes each row as the whole space does, float32 [num, size]."""
        return self.whole.features(tokens)

    def counts(self, tokens: np.ndarray) -> np.ndarray:
        """Counts as the whole space does."""
        return self.whole.counts(tokens)

    def format(self, tokens: np.ndarray) -> str:
        """Writes one architecture [length] in the whole space's notation."""
        return self.whole.format(tokens)

    def _parse_notation(self, text: str) -> np.ndarray:
        # Any architecture of the whole; `parse` then asks whether it is in the list.
        return self.whole.parse(text)

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns one architecture [length] as the whole space draws it."""
        return self.whole.graph(tokens)
