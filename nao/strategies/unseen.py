"""Which architectures are new, and where to find more of them."""

from collections.abc import Iterable

import numpy as np

from nao.spaces import Space

MAX_ENUMERATED = 1_000_000  # sequences worth listing to find the last unseen ones
_MAX_DRAWS = 50  # batches drawn in vain before the space is listed

DEDUPLICATE = ("canonical", "sequence")


class Unseen:
    """Keeps what was seen and lets the rest pass.

    Attributes:
        space: Space of the architectures.
        deduplicate: `canonical` where all sequences of the same function count as one,
            `sequence` where each counts as itself.
    """

    def __init__(self, space: Space, deduplicate: str, seen: np.ndarray | None = None):
        """Starts from architectures already seen, int32 [num, length]."""
        if deduplicate not in DEDUPLICATE:
            raise ValueError(
                f"deduplicate must be one of {', '.join(DEDUPLICATE)}, "
                f"got {deduplicate!r}."
            )
        self.space = space
        self.deduplicate = deduplicate
        self._seen: set[bytes] = set()
        if seen is not None:
            self._seen.update(self.keys(seen))

    def keys(self, tokens: np.ndarray) -> list[bytes]:
        """Returns what makes each row [num, length] the same as another."""
        if self.deduplicate == "canonical":
            tokens = self.space.canonical(tokens)
        return self.space.keys(tokens)

    def take(self, tokens: np.ndarray, num: int | None = None) -> np.ndarray:
        """Returns the first `num` (all by default) new rows and counts them as seen."""
        taken = []
        for row, key in zip(tokens, self.keys(tokens), strict=True):
            if num is not None and len(taken) == num:
                break
            if key not in self._seen:
                self._seen.add(key)
                taken.append(row)
        return np.array(taken, np.int32).reshape(-1, self.space.length)

    def draw(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Draws up to `num` new rows at random and counts them as seen.

        Fewer come back only where the space has no more, or is too large to list and
        a long run of draws gave nothing new.
        """
        found: list[np.ndarray] = []
        missing = num
        for _ in range(_MAX_DRAWS):
            if missing <= 0:
                break
            found.append(self.take(self.space.sample(rng, max(missing, 16)), missing))
            missing -= len(found[-1])
        if missing > 0 and self.space.num_sequences <= MAX_ENUMERATED:
            rest = self._list()
            found.append(self.take(rng.permutation(rest), missing))
        return _concatenate(found, self.space.length)

    def fill(
        self, rng: np.random.Generator, found: Iterable[np.ndarray], num: int
    ) -> np.ndarray:
        """Returns rows that count as seen, with new random ones up to `num`."""
        found = np.array(list(found), np.int32).reshape(-1, self.space.length)
        return np.concatenate([found, self.draw(rng, num - len(found))])

    def _list(self) -> np.ndarray:
        """Returns all rows not seen."""
        rows: Iterable[np.ndarray] = (
            batch[[key not in self._seen for key in self.keys(batch)]]
            for batch in self.space.enumerate()
        )
        return _concatenate(list(rows), self.space.length)


def _concatenate(parts: list[np.ndarray], length: int) -> np.ndarray:
    return np.concatenate([np.zeros((0, length), np.int32), *parts])
