"""A search whose evaluations happen elsewhere: ask for architectures, tell results.

    asker = nao.AskTell(nao.strategies.NAO(space), seed=0)
    for architecture in asker.ask(4):
        asker.tell([architecture], [train_somewhere(architecture)])
    asker.save("search.json")

What is asked next follows from the seed and from what was asked and told. Where every
round is told, in one call, before the next, the search is that of `nao.search`.
"""

import itertools
import json
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import pydantic

from nao import fields
from nao.files import (
    Shape,
    check_shape,
    not_written,
    one_line,
    parse_object,
    read_bytes,
    write_json,
)
from nao.runs import comparing
from nao.search import arguments
from nao.search.rounds import Proposer
from nao.strategies import Pool, Strategy
from nao.system import functions

FORMAT = "nao/ask-tell"
FORMAT_VERSION = 1


class Told(NamedTuple):
    """A result; `value` is None where the evaluation failed."""

    architecture: str
    value: float | None


class _Result(NamedTuple):
    """A result as it is kept."""

    tokens: np.ndarray  # int32 [length]
    call: int  # number of the call of `tell` that brought it first
    value: float | None  # None where the evaluation failed


class _SavedResult(Shape):
    architecture: str
    value: float | None
    call: Annotated[int, pydantic.Field(ge=0)]


class _Saved(Shape):
    """What `save` writes, but for what must be that of the strategy."""

    version: int
    maximize: bool
    seed: int
    told: list[_SavedResult]
    pending: list[str]
    queue: list[str]


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
            ValueError: If the seed is no integer, negative or too large, or the
                strategy asks with budgets.
            TypeError: If the strategy is none.
        """
        arguments.check_strategy(strategy)
        arguments.check_single(strategy, "AskTell")
        if getattr(strategy, "budgets", ()):
            raise ValueError(
                f"AskTell hands out no budgets, which {strategy.name} asks with."
            )
        fields.check_seed(seed)
        fields.check_value("maximize", maximize, bool)
        # Of NumPy they could not be written as JSON.
        self.strategy, self.maximize, self.seed = strategy, bool(maximize), int(seed)
        self._told: dict[bytes, _Result] = {}  # by `_identities`
        self._num_calls = 0
        self._proposer = Proposer(strategy, self.seed)
        self._progress = self._proposer.start()

    @property
    def told(self) -> list[Told]:
        """All results, in the order in which their architectures were first told."""
        results = self._told.values()
        return [Told(self._format(result.tokens), result.value) for result in results]

    @property
    def pending(self) -> list[str]:
        """What was asked for and not told yet, oldest first."""
        return list(map(self._format, self._progress.pending))

    @property
    def best(self) -> Told | None:
        """The best result, the first where several tie; None of none."""
        found = [result for result in self.told if result.value is not None]
        return max(found, key=lambda result: self._sign * result.value, default=None)

    def ask(self, num: int = 1) -> list[str]:
        """Proposes architectures, by default none that was asked for or told before.

        Rounds of the strategy are handed out piece by piece. It need not have been told
        all that it asked for: what is pending is not proposed again, but by a strategy
        whose `deduplicate` is `none`.

        Returns:
            `num` architectures; fewer where the space has no more.

        Raises:
            ValueError: If `num` is not positive.
        """
        fields.check_value("num", num, int)
        if num < 1:
            raise ValueError(f"num must be at least 1, got {num}.")
        found, self._progress = self._proposer.take(self._progress, num)
        return list(map(self._format, found))

    def tell(
        self, architectures: Sequence[str], values: Sequence[float | None]
    ) -> None:
        """Adds results, of any architectures of the space; later ones replace earlier.

        Where the strategy's `deduplicate` is `none`, each result counts by itself.

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
        tokens = self._stack([self._parse(text) for text in architectures])
        numbers = [
            np.nan if v is None else functions.number("A value", v) for v in values
        ]
        results = [
            _Result(row, self._num_calls, number if np.isfinite(number) else None)
            for row, number in zip(tokens, numbers, strict=True)
        ]
        num_expected = len(self._told) + len(results)
        for key, result in zip(self._identities(tokens), results, strict=True):
            # A corrected value stays where it was told first, and so in its round.
            call = self._told.get(key, result).call
            self._told[key] = result._replace(call=call)
        self._num_calls += 1
        self._progress = self._proposer.tell(self._progress, *self._pool(results))
        if len(self._told) < num_expected:
            self._retell()

    def _identities(self, tokens: np.ndarray) -> list[bytes]:
        """Returns by what results are told apart: architectures, or each by itself."""
        if self.strategy.deduplicate != "none":
            return self.strategy.space.keys(tokens)
        start = len(self._told)
        return [b"%d" % number for number in range(start, start + len(tokens))]

    def _retell(self) -> None:
        """Tells all results anew, call by call: a strategy may learn from each call."""
        progress = self._proposer.start()
        calls = itertools.groupby(self._told.values(), lambda result: result.call)
        for _, results in calls:
            progress = self._proposer.tell(progress, *self._pool(results))
        self._progress = self._progress._replace(
            state=progress.state, num_told=progress.num_told
        )

    def save(self, path: str | os.PathLike) -> None:
        """Writes everything to a JSON file, which is there whole or not at all.

        Raises:
            ValueError: If it can't be written.
        """
        data = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            **self._settings(),
            "seed": self.seed,
            "told": [
                {"architecture": text, "value": value, "call": result.call}
                for (text, value), result in zip(
                    self.told, self._told.values(), strict=True
                )
            ],
            "pending": self.pending,
            "queue": list(map(self._format, self._progress.queue)),
        }
        try:
            write_json(pathlib.Path(path), data, indent=1)
        except OSError as error:
            raise not_written(path, error) from None

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
            data = parse_object(read_bytes(pathlib.Path(path)))
            if (data["format"], data["version"]) != (FORMAT, FORMAT_VERSION):
                raise ValueError(
                    f"it must have format {FORMAT!r} and version {FORMAT_VERSION}"
                )
            check_shape(data, _Saved, "it is damaged")
            found = cls(strategy, maximize=data["maximize"], seed=data["seed"])
            found._check_settings(data)
            found._take_up(data)
        except (OSError, KeyError, ValueError) as error:
            reason = one_line(error).rstrip(".")
            if isinstance(error, KeyError):
                reason = f"it lacks {error}"
            raise ValueError(f"{path} is no search to go on with: {reason}.") from None
        return found

    def _take_up(self, data: Mapping[str, Any]) -> None:
        """Reads results, pending architectures and the rest of a round."""
        told = data["told"]
        tokens = self._stack([self._parse(result["architecture"]) for result in told])
        keys = self._identities(tokens)
        for key, row, result in zip(keys, tokens, told, strict=True):
            self._told[key] = _Result(row, result["call"], result["value"])
        self._num_calls = 1 + max((r["call"] for r in told), default=-1)
        self._retell()
        pending, queue = (
            self._stack([self._parse(text) for text in data[name]])
            for name in ("pending", "queue")
        )
        self._progress = self._progress._replace(pending=pending, queue=queue)

    @property
    def _sign(self) -> int:
        return 1 if self.maximize else -1

    def _settings(self) -> dict[str, Any]:
        """Returns what a saved search must share with the one that goes on with it."""
        space = self.strategy.space
        settings = {
            "space": space.name,
            "slots": {slot.name: slot.choices for slot in space.slots},
            "strategy": self.strategy.name,
            "strategy_config": fields.to_dict(self.strategy.config),
            "deduplicate": self.strategy.deduplicate,
            "maximize": self.maximize,
        }
        return json.loads(json.dumps(settings))  # tuples as the lists of a file

    def _check_settings(self, data: Mapping[str, Any]) -> None:
        here = self._settings()
        there = {name: data[name] for name in here}
        defaults = {"strategy_config": fields.defaults(type(self.strategy.config))}
        for name, was, now in comparing.differences(there, here, defaults):
            raise ValueError(f"its {name} is {was!r}, here it is {now!r}")

    def _pool(self, results: Iterable[_Result]) -> Pool:
        """Returns results with higher better, NaN where an evaluation failed."""
        results = list(results)
        values = np.array([r.value for r in results], np.float64)  # None is NaN
        return Pool(self._stack([r.tokens for r in results]), self._sign * values)

    def _parse(self, text: str) -> np.ndarray:
        if not isinstance(text, str):
            raise ValueError(f"An architecture must be text, got {text!r}.")
        return self.strategy.space.parse(text)

    def _format(self, tokens: np.ndarray) -> str:
        return self.strategy.space.format(tokens)

    def _stack(self, rows: Iterable[np.ndarray]) -> np.ndarray:
        """Returns rows as one array, int32 [num, length]."""
        return np.array(list(rows), np.int32).reshape(-1, self.strategy.space.length)
