"""A search whose evaluations happen elsewhere: ask for architectures, tell results.

    asker = nao.AskTell(nao.strategies.NAO(space), seed=0)
    for architecture in asker.ask(4):
        asker.tell([architecture], [train_somewhere(architecture)])
    asker.save("search.json")

What is asked next follows from the seed and from what was asked and told. Where every
round is told, in one call, before the next, the search is that of `nao.search`.
"""

import dataclasses
import itertools
import json
import math
import operator
import os
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nao.files import parse_object, written_whole
from nao.strategies import Pool, Strategy, Unseen
from nao.study import split_seed

FORMAT = "nao/ask-tell"
FORMAT_VERSION = 1


class Told(NamedTuple):
    """A result; `value` is None where the evaluation failed."""

    architecture: str
    value: float | None


def propose(
    strategy: Strategy, seed: int, told: Sequence[Pool], pending: np.ndarray
) -> np.ndarray:
    """Asks a strategy for its next round, whatever it was asked before.

    Args:
        strategy: Who proposes.
        seed: Seed of the search.
        told: Results, one pool for each time that some were told.
        pending: Architectures that are being evaluated, int32 [num, length]; not
            proposed again.

    Returns:
        int32 [num, length], new and distinct; empty where the space has no more.
    """
    init_key, search_key, _ = split_seed(seed)
    state = strategy.init(init_key)
    for pool in told:
        state = strategy.tell(state, *pool)
    # As if they had failed: known, and nothing to learn from. The memory of a strategy
    # hears nothing of them.
    unknown = np.full(len(pending), np.nan)
    state = state._replace(pool=state.pool.extend(pending, unknown))
    key = jax.random.fold_in(search_key, len(state.pool.tokens))
    return strategy.ask(key, state)[0]


class AskTell:
    """Proposes architectures and learns from results, one call at a time.

    Architectures are text, in the notation of the space: what `space.parse` reads.

    Attributes:
        strategy: Who proposes.
        maximize: Whether a higher value is better.
        seed: Seed of everything random.
    """

    def __init__(self, strategy: Strategy, *, maximize: bool = True, seed: int = 0):
        """Begins a search.

        Raises:
            ValueError: If the seed is negative or too large.
            TypeError: If it is no integer.
        """
        if not 0 <= operator.index(seed) < 2**63:
            raise ValueError(f"seed must be 0 to 2**63 - 1, got {seed}.")
        self.strategy, self.maximize, self.seed = strategy, maximize, seed
        # Rows by their bytes: what was told (the number of the call and the value),
        # what was asked and not told, and what is left of the last round.
        self._told: dict[bytes, tuple[int, float | None]] = {}
        self._num_calls = 0
        self._pending: list[bytes] = []
        self._queue: list[bytes] = []

    @property
    def told(self) -> list[Told]:
        """All results, in the order in which their architectures were first told."""
        values = (value for _, value in self._told.values())
        return list(map(Told, self._texts(self._told), values))

    @property
    def pending(self) -> list[str]:
        """What was asked for and not told yet, oldest first."""
        return self._texts(self._pending)

    @property
    def best(self) -> Told | None:
        """The best result, the first where several tie; None of none."""
        found = [result for result in self.told if result.value is not None]
        return max(found, key=lambda result: self._sign * result.value, default=None)

    def ask(self, num: int = 1) -> list[str]:
        """Proposes architectures that were neither asked for nor told before.

        Rounds of the strategy are handed out piece by piece. It need not have been told
        all that it asked for: what is pending is not proposed again.

        Returns:
            `num` architectures; fewer where the space has no more.

        Raises:
            ValueError: If `num` is not positive.
        """
        if num < 1:
            raise ValueError(f"num must be at least 1, got {num}.")
        found: list[bytes] = []
        while len(found) < num:
            is_new = not self._queue
            if is_new:
                pending = self._rows(self._pending)
                pools = self._pools()
                asked = propose(self.strategy, self.seed, pools, pending)
                self._queue = [row.tobytes() for row in asked]
            # What was told in the meantime is asked for no more.
            seen = self._rows([*self._told, *self._pending])
            unseen = Unseen(self.strategy.space, self.strategy.deduplicate, seen)
            left = [row.tobytes() for row in unseen.take(self._rows(self._queue))]
            if is_new and not left:
                break
            taken, self._queue = left[: num - len(found)], left[num - len(found) :]
            found += taken
            self._pending += taken
        return self._texts(found)

    def tell(
        self, architectures: Sequence[str], values: Sequence[float | None]
    ) -> None:
        """Adds results, of any architectures of the space; later ones replace earlier.

        Args:
            architectures: Architectures, asked for or not, as text.
            values: What was measured; None, or anything that is not finite, where the
                evaluation failed.

        Raises:
            ValueError: If there are not as many of both, or one is no architecture;
                nothing is added then.
        """
        if isinstance(architectures, str) or len(architectures) != len(values):
            raise ValueError(
                "tell takes a list of architectures and as many values, got "
                f"{architectures!r} and {values!r}."
            )
        keys = [self._parse(text) for text in architectures]
        numbers = [np.nan if value is None else float(value) for value in values]
        for key, number in zip(keys, numbers, strict=True):
            call, _ = self._told.get(key, (self._num_calls, None))
            self._told[key] = (call, number if np.isfinite(number) else None)
        self._num_calls += 1
        self._pending = [key for key in self._pending if key not in self._told]

    def save(self, path: str | os.PathLike) -> None:
        """Writes everything to a JSON file, which is there whole or not at all.

        Raises:
            ValueError: If it can't be written.
        """
        calls = [call for call, _ in self._told.values()]
        data = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            **self._settings(),
            "seed": self.seed,
            "told": [
                {"architecture": text, "value": value, "call": call}
                for (text, value), call in zip(self.told, calls, strict=True)
            ],
            "pending": self.pending,
            "queue": self._texts(self._queue),
        }
        text = json.dumps(data, indent=1, allow_nan=False) + "\n"
        try:
            with written_whole(pathlib.Path(path)) as temporary:
                temporary.write_text(text)
        except OSError as error:
            raise ValueError(f"{path} can't be written: {error.strerror}.") from None

    @classmethod
    def load(cls, path: str | os.PathLike, strategy: Strategy) -> "AskTell":
        """Goes on with a search that was saved.

        Args:
            path: The file.
            strategy: What it was begun with.

        Raises:
            ValueError: If the file can't be read, or is of another version, space or
                strategy.
        """
        try:
            data = parse_object(pathlib.Path(path).read_text())
            if (data["format"], data["version"]) != (FORMAT, FORMAT_VERSION):
                raise ValueError(
                    f"it must have format {FORMAT!r} and version {FORMAT_VERSION}"
                )
            found = cls(strategy, maximize=data["maximize"], seed=data["seed"])
            for name, value in found._settings().items():
                if data[name] != value:
                    raise ValueError(
                        f"its {name} is {data[name]!r}, here it is {value!r}"
                    )
            for result in data["told"]:
                key, value = found._parse(result["architecture"]), result["value"]
                if value is not None and not math.isfinite(value):
                    raise ValueError(f"a told value is {value}")
                found._told[key] = (result["call"], value)
            found._num_calls = 1 + max((r["call"] for r in data["told"]), default=-1)
            found._pending = [found._parse(text) for text in data["pending"]]
            found._queue = [found._parse(text) for text in data["queue"]]
        except (OSError, KeyError, TypeError, ValueError) as error:
            reason = str(error).rstrip(".")
            if isinstance(error, KeyError):
                reason = f"it lacks {error}"
            raise ValueError(f"{path} is no search to go on with: {reason}.") from None
        return found

    @property
    def _sign(self) -> int:
        return 1 if self.maximize else -1

    def _settings(self) -> dict[str, Any]:
        """Returns what a saved search must share with the one that goes on with it."""
        space = self.strategy.space
        settings = {
            "space": space.name,
            "slots": {slot.name: slot.choices for slot in space.slots},
            "strategy": type(self.strategy).__name__,
            "strategy_config": dataclasses.asdict(self.strategy.config),
            "deduplicate": self.strategy.deduplicate,
            "maximize": self.maximize,
        }
        return json.loads(json.dumps(settings))

    def _pools(self) -> list[Pool]:
        """Returns what was told call by call, higher better, NaN where it failed."""
        pools = []
        calls = itertools.groupby(self._told.items(), lambda item: item[1][0])
        for _, results in calls:
            rows = {key: value for key, (_, value) in results}
            values = np.array(list(rows.values()), np.float64)  # None becomes NaN
            pools.append(Pool(self._rows(rows), self._sign * values))
        return pools

    def _parse(self, text: str) -> bytes:
        if not isinstance(text, str):
            raise ValueError(f"An architecture must be text, got {text!r}.")
        return self.strategy.space.parse(text).astype(np.int32).tobytes()

    def _rows(self, keys) -> np.ndarray:
        length = self.strategy.space.length
        return np.frombuffer(b"".join(keys), np.int32).reshape(-1, length)

    def _texts(self, keys) -> list[str]:
        return [self.strategy.space.format(row) for row in self._rows(keys)]
