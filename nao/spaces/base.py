"""A search space is a token grammar: slots in a fixed order, each with its choices.

A space made of slots alone is complete: it samples, mutates, parses, prints and draws
its architectures. A space whose slots interact overrides `is_valid`, `canonical`,
`equivalents`, and for the notation of its field `_parse_notation` and `format`.
"""

import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import networkx as nx
import numpy as np

from nao.spaces import chain, notation, validity
from nao.spaces.slot import START, Choice, Slot


@dataclasses.dataclass(frozen=True)
class Space:
    """A token grammar; usable as it is for a space from slots alone.

    Architectures are rows of vocabulary ids, int32 [num, length], on the host.

    Attributes:
        name: Name of the space, part of every saved architecture.
        slots: The decisions, in the order the controller reads and writes them.
        group: Consecutive tokens whose embeddings are joined into one encoder step;
            divides the length.
    """

    name: str
    slots: tuple[Slot, ...]
    group: int = 1

    # The network that trains architectures of the space, as "module:Class"; empty where
    # there is none. By name, since networks know spaces and not the other way round.
    network: ClassVar[str] = ""
    __repr__ = notation.in_short

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls.__repr__ = cls.__repr__  # or a dataclass makes one, pages of slots
        # Results are used as masks: one of another shape would pick other rows.
        if "is_valid" in cls.__dict__:
            cls.is_valid = validity.checked(cls.is_valid)

    def __post_init__(self):
        names = [slot.name for slot in self.slots]
        if not names:
            raise ValueError(f"Space {self.name!r} must have at least one slot.")
        if len(set(names)) != len(names):
            raise ValueError(f"Slots of space {self.name!r} must differ, got {names}.")
        if self.group < 1 or len(names) % self.group:
            raise ValueError(
                f"group must divide the number of slots, {len(names)}, "
                f"got {self.group}."
            )

    @property
    def length(self) -> int:
        """Number of tokens of an architecture."""
        return len(self.slots)

    @functools.cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Texts of the token ids: the start token, then choices as they appear."""
        # Dictionaries, since the order of a set of strings changes between processes.
        seen = dict.fromkeys([START])
        for slot in self.slots:
            seen.update(dict.fromkeys(slot.texts))
        return tuple(seen)

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.vocabulary)}

    @functools.cached_property
    def _by_id(self) -> tuple[dict[int, Choice], ...]:
        """Choice of each vocabulary id, slot by slot."""
        return tuple(
            dict(zip(ids.tolist(), slot.choices, strict=True))
            for ids, slot in zip(self.choice_ids, self.slots, strict=True)
        )

    @functools.cached_property
    def choice_ids(self) -> tuple[np.ndarray, ...]:
        """Vocabulary ids of each slot's choices, int32 [num_choices] each."""
        return tuple(
            np.array([self._ids[text] for text in slot.texts], np.int32)
            for slot in self.slots
        )

    @functools.cached_property
    def legal(self) -> np.ndarray:
        """Which ids may stand where, bool [length, vocab_size]."""
        legal = np.zeros((self.length, len(self.vocabulary)), bool)
        for row, ids in zip(legal, self.choice_ids, strict=True):
            row[ids] = True
        # Cached, so every caller gets this very array.
        legal.setflags(write=False)
        return legal

    @property
    def grammar(self) -> "Space":
        """The same slots as a plain `Space`, without rules that cross slots.

        Controllers are compiled for it, so spaces that differ in rules or in listed
        architectures alone share their programs.
        """
        return Space(self.name, self.slots, self.group)

    @functools.cached_property
    def num_sequences(self) -> int:
        """Number of token sequences under the slots (`is_valid` may allow fewer)."""
        return math.prod(len(slot.choices) for slot in self.slots)

    # Choice indices: the position of a token among its slot's choices.

    def to_indices(self, tokens: np.ndarray) -> np.ndarray:
        """Maps vocabulary ids to positions among each slot's choices, same shape.

        An id that is none of its slot's choices becomes -1.
        """
        table = np.full((self.length, len(self.vocabulary)), -1, np.int32)
        for row, ids in zip(table, self.choice_ids, strict=True):
            row[ids] = np.arange(len(ids))
        return table[np.arange(self.length), tokens]

    def architecture(self, tokens: np.ndarray) -> np.ndarray:
        """Returns what networks read of each row [num, length], int32 [num, ...]."""
        return self.to_indices(tokens)

    def from_indices(self, indices: np.ndarray) -> np.ndarray:
        """Maps positions among each slot's choices to vocabulary ids, same shape."""
        # Slots differ in their number of choices: rows are padded to the longest.
        table = np.zeros((self.length, max(map(len, self.choice_ids))), np.int32)
        for row, ids in zip(table, self.choice_ids, strict=True):
            row[: len(ids)] = ids
        return table[np.arange(self.length), indices]

    # Random architectures.

    def sample(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Draws valid architectures, each slot uniform over its choices.

        Returns:
            int32 [num, length]; rows may repeat.

        Raises:
            ValueError: If no architecture is valid, or too few to find by chance.
        """
        sizes = np.array([len(ids) for ids in self.choice_ids])

        def draw(count: int) -> np.ndarray:
            draws = rng.integers(0, sizes, (count, self.length))
            tokens = self.from_indices(draws)
            return tokens[self.is_valid(tokens)]

        return validity.sample(rng, (num, self.length), draw, self._list_valid)

    def _list_valid(self) -> np.ndarray:
        """Returns all valid architectures, int32 [num, length], where few are."""
        validity.check_listable(self.name, self.num_sequences)
        tokens = np.concatenate(list(self.enumerate()))
        if not len(tokens):
            raise ValueError(f"No architecture of space {self.name!r} is valid.")
        return tokens

    def mutate(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Changes one slot of each row to another choice, keeping the row valid.

        Args:
            rng: Source of randomness.
            tokens: int32 [num, length], valid.

        Returns:
            int32 [num, length]. A row without a valid neighbour stays as it is.
        """
        result = np.array(tokens, np.int32)
        for row in result:  # a view: what is written to it is in `result`
            neighbours = self.neighbours(row)
            if len(neighbours):
                row[:] = neighbours[rng.integers(len(neighbours))]
        return result

    def neighbours(self, tokens: np.ndarray) -> np.ndarray:
        """Returns all valid rows [num, length] that differ in one slot of `tokens`."""
        rows = []
        for position, ids in enumerate(self.choice_ids):
            for token in ids[ids != tokens[position]]:
                row = np.array(tokens, np.int32)
                row[position] = token
                rows.append(row)
        rows = np.array(rows, np.int32).reshape(-1, self.length)
        return rows[self.is_valid(rows)]

    def enumerate(self, batch_size: int = 8192) -> Iterator[np.ndarray]:
        """Yields every valid architecture in lexicographic order, [<=batch, length]."""
        sizes = [len(ids) for ids in self.choice_ids]
        for start in range(0, self.num_sequences, batch_size):
            stop = min(start + batch_size, self.num_sequences)
            # A sequence's number, written with one digit for each slot.
            indices = np.stack(np.unravel_index(np.arange(start, stop), sizes), -1)
            tokens = self.from_indices(indices)
            yield tokens[self.is_valid(tokens)]

    # What a sequence is, and what it means.

    def keys(self, tokens: np.ndarray) -> list[bytes]:
        """Returns the identity of each row [num, length], for sets and dictionaries.

        Two rows have equal keys if they are the same sequence, whatever integer dtype
        and memory order they come in. Rows of the same function have equal
        `keys(canonical(tokens))`.

        Raises:
            ValueError: If these are not rows of integers of the space's length.
        """
        tokens = np.asarray(tokens)
        rows = np.ascontiguousarray(tokens, np.int32)
        # An array of no rows is float64 unless its maker said otherwise.
        is_integer = tokens.dtype.kind in "iu" or not tokens.size
        if rows.shape[1:] != (self.length,) or not is_integer or (rows != tokens).any():
            raise ValueError(
                f"Sequences of space {self.name!r} are int32 [num, {self.length}], got "
                f"{tokens.dtype} of shape {list(tokens.shape)}."
            )
        return [row.tobytes() for row in rows]

    def is_valid(self, tokens: np.ndarray) -> np.ndarray:
        """Says which rows [num, length] are architectures of the space, bool [num].

        Subclasses add constraints that cross slots. What their method returns is
        checked: a ValueError says so where it is not bool [num].
        """
        tokens = np.asarray(tokens)
        inside = (tokens >= 0) & (tokens < len(self.vocabulary))
        position = np.arange(self.length)
        # Negative ids would index from the end and large ones raise; `inside` refuses
        # both, whatever stands in their place.
        return (inside & self.legal[position, np.where(inside, tokens, 0)]).all(-1)

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the one representative of all rows of the same function.

        Idempotent. Here every sequence is its own representative.
        """
        return np.array(tokens, np.int32)

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to a random valid row of the same function: augmentation."""
        return np.array(tokens, np.int32)

    # What it looks like to a model.

    def one_hot(self, tokens: np.ndarray) -> np.ndarray:
        """Writes each row [num, length] as zeros and ones, float32 [num, choices].

        `choices` is the number of choices of all slots together.
        """
        # One column for each choice of each slot, rather than for each vocabulary id.
        slots, ids = np.nonzero(self.legal)
        return (np.asarray(tokens)[:, slots] == ids).astype(np.float32)

    def features(self, tokens: np.ndarray) -> np.ndarray:
        """Describes each row [num, length] by cheap numbers, float32 [num, size].

        Rows of the same function have the same features. Here the choices of the
        canonical form, and `counts`; subclasses may know better what matters.
        """
        one_hot = self.one_hot(self.canonical(tokens))
        return np.concatenate([one_hot, self.counts(tokens)], axis=1)

    def counts(self, tokens: np.ndarray) -> np.ndarray:
        """Counts what matters wherever it stands in a row, float32 [num, size].

        Rows of the same function have the same counts. Here there are none; where the
        same operation may stand in many slots, models learn of it from few rows.
        """
        return np.zeros((len(tokens), 0), np.float32)

    # Text.

    def parse(self, text: str) -> np.ndarray:
        """Reads an architecture in the space's notation or in versioned JSON.

        Returns:
            int32 [length].

        Raises:
            ValueError: If the text is not a valid architecture of this space.
        """
        text = text.strip()
        if text.startswith("{"):
            tokens = self.from_choices(notation.read_json(text, self.name))
        else:
            tokens = self._parse_notation(text)
        if not self.is_valid(tokens[None])[0]:
            raise ValueError(f"Not a valid architecture of {self.name!r}: {text!r}.")
        return tokens

    def format(self, tokens: np.ndarray) -> str:
        """Writes one architecture [length] in the notation `parse` reads."""
        return notation.write_pairs(self.by_slot(tokens))

    def choices(self, tokens: np.ndarray) -> tuple[Choice, ...]:
        """Returns the choices of one architecture [length], slot by slot."""
        pairs = zip(self._by_id, np.asarray(tokens).tolist(), strict=True)
        return tuple(choices[token] for choices, token in pairs)

    def by_slot(self, tokens: np.ndarray) -> dict[str, Choice]:
        """Returns the choices of one architecture [length] by slot name."""
        names = [slot.name for slot in self.slots]
        return dict(zip(names, self.choices(tokens), strict=True))

    def to_json(self, tokens: np.ndarray) -> dict:
        """Returns one architecture [length] as the versioned JSON object."""
        text = self.format(tokens)
        return notation.to_json(self.name, text, self.by_slot(tokens))

    def from_choices(self, choices: Mapping[str, Choice]) -> np.ndarray:
        """Builds an architecture, int32 [length], from a choice for each slot.

        Args:
            choices: By slot name: a choice itself, an equal number, or its text.

        Raises:
            ValueError: If a slot is unknown or missing, or has no such choice.
        """
        names = [slot.name for slot in self.slots]
        notation.check_slots(choices, names, self.name)
        positions = [slot.position(choices[slot.name]) for slot in self.slots]
        return self.from_indices(np.array(positions))

    def _parse_notation(self, text: str) -> np.ndarray:
        return self.from_choices(notation.read_pairs(text, self.name))

    # Drawing.

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns one architecture [length] as a labelled graph, for drawings.

        Every node has `label`, `kind` (`input`, `operation`, `node` or `output`) and
        `cell`, the name of the panel it is drawn in.
        """
        return chain.graph(self.name, self.by_slot(tokens))
