"""Text in three fixed parts, as numbers of tokens."""

import dataclasses
import json
from collections.abc import Iterable

import numpy as np

from nao.data import split
from nao.data.split import PARTS
from nao.system.showing import counted

END = "<eos>"  # ends each line of words, as in corpora of the field
UNKNOWN = "<unk>"  # stands for all tokens that the vocabulary lacks
UNITS = ("words", "characters")


@dataclasses.dataclass(frozen=True, eq=False)
class TextDataset:
    """Words or characters of a text, in three fixed parts.

    Attributes:
        name: Name it was loaded by.
        vocabulary: All tokens; what stands for one is its place here.
        train: What networks are trained on, int32 [num].
        validation: What a search compares architectures on, int32 [num].
        test: What only a final choice is measured on, int32 [num].
        unit: What the tokens are, `words` or `characters`.
    """

    name: str
    vocabulary: tuple[str, ...] = dataclasses.field(repr=False)
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unit: str = "words"

    def __post_init__(self):
        if self.unit not in UNITS:
            raise ValueError(f"unit must be {' or '.join(UNITS)}, got {self.unit!r}.")
        num = len(self.vocabulary)
        if num < 2 or len(set(self.vocabulary)) < num:
            raise ValueError(
                f"Text must be of two different {self.unit} or more, each once in the "
                f"vocabulary, got {_shortened(self.vocabulary)} in {self.name}."
            )
        for part, tokens in self.splits.items():
            _check_part(f"{part} of {self.name}", tokens, num, self.unit)

    @property
    def splits(self) -> dict[str, np.ndarray]:
        """The three parts by name, in the order of `PARTS`."""
        return {part: getattr(self, part) for part in PARTS}

    def text(self, tokens: Iterable[int]) -> str:
        """Returns tokens as text, words with single spaces and lines between them."""
        named = [self.vocabulary[token] for token in tokens]
        if self.unit == "characters":
            return "".join(named)
        lines = " ".join(named).split(END)
        return "\n".join(line.strip(" ") for line in lines)

    def describe(self) -> str:
        """Returns the sizes of the parts, and how many tokens are told apart."""
        sizes = [f"{len(own)} {part}" for part, own in self.splits.items()]
        return f"{', '.join(sizes)} {self.unit}, {len(self.vocabulary)} different"

    def sha256(self) -> str:
        """Returns the SHA-256 of the vocabulary and all tokens."""
        vocabulary = json.dumps(self.vocabulary).encode()
        named = {"vocabulary": np.frombuffer(vocabulary, np.uint8), **self.splits}
        return split.sha256(named)


def _check_part(where: str, tokens: np.ndarray, num: int, unit: str) -> None:
    """Raises ValueError where a part is not of tokens that the vocabulary has."""
    if tokens.dtype != np.int32 or tokens.ndim != 1:
        raise ValueError(
            f"Tokens must be int32 [num], got {tokens.dtype} {list(tokens.shape)} in "
            f"{where}."
        )
    # The first one is read alone: nothing comes before it that could foretell it.
    if len(tokens) < 2:
        raise ValueError(
            f"Every part needs 2 {unit} or more, got {len(tokens)} in {where}."
        )
    if tokens.min() < 0 or tokens.max() >= num:
        raise ValueError(
            f"Tokens must be in [0, {num}), places in the vocabulary, got "
            f"{tokens.min()} to {tokens.max()} in {where}."
        )


def _shortened(vocabulary: tuple[str, ...]) -> str:
    """Returns a vocabulary as a message shows it."""
    if len(vocabulary) < 2:
        return f"{', '.join(map(repr, vocabulary)) or 'none'} alone"
    again = len(vocabulary) - len(set(vocabulary))
    return f"{counted(again, 'token')} again"
