"""Which architectures were not seen before, and random ones that were not."""

from collections.abc import Callable, Iterable

import numpy as np

from nao.fields import check_choice
from nao.spaces import Space

MAX_ENUMERATED = 1_000_000  # sequences worth listing to find the last unseen ones
_MAX_DRAWS = 50  # batches drawn in vain before the space is listed
_ALLOWED_DRAWS = 64  # least size of a batch where not all rows are allowed

DEDUPLICATE = ("canonical", "sequence", "none")


class Unseen:
    """The architectures seen so far: hands out new ones and counts them as seen.

    Attributes:
        space: Space of the architectures.
        deduplicate: `canonical` where all sequences of the same function count as one,
            `sequence` where each counts as itself, `none` where everything is new, as
            under weights that change: what was seen may come again.
    """

    def __init__(
        self,
        space: Space,
        deduplicate: str,
        seen: np.ndarray | None = None,
        allowed_fn: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        """Starts from architectures already seen, int32 [num, length]; None is none.

        Args:
            space: Space of the architectures.
            deduplicate: What counts as the same.
            seen: What was seen.
            allowed_fn: Says which rows [num, length] may be handed out, bool [num];
                None for all.

        Raises:
            ValueError: If `deduplicate` is not one of `DEDUPLICATE`.
        """
        check_choice("deduplicate", deduplicate, DEDUPLICATE)
        self.space = space
        self.deduplicate = deduplicate
        self._allowed_fn = allowed_fn
        self._seen: set[bytes] = set()
        if seen is not None and deduplicate != "none":
            self._seen.update(self.keys(seen))

    def keys(self, tokens: np.ndarray) -> list[bytes]:
        """Returns a key for each row [num, length], equal where rows count as one."""
        if self.deduplicate == "canonical":
            tokens = self.space.canonical(tokens)
        return self.space.keys(tokens)

    def take(self, tokens: np.ndarray, num: int | None = None) -> np.ndarray:
        """Returns the first `num` (all by default) new rows and counts them as seen.

        Rows that count as the same are taken once; the first stands for the others.
        Under `none`, equal rows are taken once in each call.

        Args:
            tokens: int32 [num_rows, length], best first where that matters.
            num: At most so many.

        Returns:
            int32 [<=num, length].
        """
        if self._allowed_fn is not None:
            tokens = tokens[self._allowed_fn(tokens)]
        taken = []
        seen = set() if self.deduplicate == "none" else self._seen
        for row, key in zip(tokens, self.keys(tokens), strict=True):
            if num is not None and len(taken) == num:
                break
            if key not in seen:
                seen.add(key)
                taken.append(row)
        return np.array(taken, np.int32).reshape(-1, self.space.length)

    def draw(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Draws up to `num` new rows at random and counts them as seen.

        Under `none` they are `num` independent draws. Otherwise, and where not all is
        allowed, fewer come back only where the space has no more, or is too large to
        list and a long run of draws gave nothing new.

        Returns:
            int32 [<=num, length].
        """
        if self.deduplicate == "none" and self._allowed_fn is None:
            return self.space.sample(rng, num)
        found: list[np.ndarray] = []
        missing, least = num, 16 if self._allowed_fn is None else _ALLOWED_DRAWS
        for _ in range(_MAX_DRAWS):
            if missing <= 0:
                break
            drawn = self.space.sample(rng, max(missing, least))
            found.append(self.take(drawn, missing))
            missing -= len(found[-1])
        # The last few of a space are hardly ever drawn: they are found by listing it.
        if missing > 0 and self.space.num_sequences <= MAX_ENUMERATED:
            rest = self._list()
            # Shuffled: in the order of the list, the first would always be taken.
            found.append(self.take(rng.permutation(rest), missing))
        return _concatenate(found, self.space.length)

    def fill(
        self, rng: np.random.Generator, found: Iterable[np.ndarray], num: int
    ) -> np.ndarray:
        """Completes a round with new random rows.

        Args:
            rng: Source of randomness.
            found: Rows of the round so far, int32 [length] each, counted as seen.
            num: Rows of a whole round.

        Returns:
            int32 [<=num, length], `found` first.
        """
        found = np.array(list(found), np.int32).reshape(-1, self.space.length)
        return np.concatenate([found, self.draw(rng, num - len(found))])

    def _list(self) -> np.ndarray:
        """Returns all rows not seen, several of one function included."""
        rows: Iterable[np.ndarray] = (
            batch[[key not in self._seen for key in self.keys(batch)]]
            for batch in self.space.enumerate()
        )
        return _concatenate(list(rows), self.space.length)


def _concatenate(parts: list[np.ndarray], length: int) -> np.ndarray:
    return np.concatenate([np.zeros((0, length), np.int32), *parts])


def distinct(tokens: np.ndarray) -> np.ndarray:
    """Returns the rows without repetitions, in order of first appearance."""
    # The rows come back sorted; where each stood first brings the order back.
    first = np.unique(tokens, axis=0, return_index=True)[1]
    return tokens[np.sort(first)]
