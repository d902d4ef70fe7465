"""Makes numbers of a text: its tokens, its vocabulary, its parts."""

import collections
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from absl import logging

from nao.data.parts import check_limit
from nao.data.text_dataset import END, UNKNOWN, TextDataset

# Where a single text is cut, in percent: training 90, validation 5, test 5, as is usual
# for Tiny Shakespeare.
_ENDS = {"train": 90, "validation": 95, "test": 100}
_LEAST = 40  # tokens of which each part has 2 for sure; some fewer may do

_Parts = Mapping[str, Sequence[str]]  # tokens by part; of characters, text


def load(
    name: str,
    read_fn: Callable[[str], dict[str, str]],
    path: str,
    *,
    tokens: str,
    max_vocabulary: int,
    num_train: int,
    num_validation: int,
) -> TextDataset:
    """Returns the text of a source as numbers.

    The vocabulary is that of all training text, the most frequent token first, and of
    equally frequent ones that which is first in the text. So it depends neither on the
    amounts nor on what is measured, but for `<unk>`, which is there where something
    needs it: the training text itself, a smaller vocabulary, or a token that only
    validation or test have.

    Args:
        name: Name of the data set.
        read_fn: Maps the path to texts by part; `train` alone is cut by its tokens into
            90, 5 and 5 percent, in order.
        path: Where the text is.
        tokens: `words`, what blanks separate, and `<eos>` at the end of each line; or
            `characters`.
        max_vocabulary: Most tokens of the vocabulary, `<unk>` included; 0 for all.
        num_train: First tokens of the training part that are kept; 0 for all.
        num_validation: First tokens of the validation part that are kept; 0 for all.

    Raises:
        ValueError: If the text is not there, or too short.
    """
    texts = read_fn(path)
    parts = {p: _words(t) if tokens == "words" else t for p, t in texts.items()}
    if list(parts) == ["train"]:
        parts = _cut(name, parts["train"], tokens)
    vocabulary = _vocabulary(parts, max_vocabulary)
    parts = _limit(parts, "train", num_train, tokens)
    parts = _limit(parts, "validation", num_validation, tokens)
    numbers = {part: _numbers(own, vocabulary) for part, own in parts.items()}
    dataset = TextDataset(name, vocabulary, **numbers, unit=tokens)
    _warn_of_unknown(dataset)
    return dataset


def _words(text: str) -> list[str]:
    """Returns the words of a text and the ends of its lines, the last one's as well."""
    text += "" if text.endswith("\n") else "\n"
    return text.replace("\n", f" {END} ").split()


def _cut(name: str, tokens: Sequence[str], unit: str) -> dict[str, Sequence[str]]:
    """Cuts the tokens of a single text into three parts, in order."""
    parts, start = {}, 0
    for part, percent in _ENDS.items():
        end = len(tokens) * percent // 100
        parts[part], start = tokens[start:end], end
    if min(map(len, parts.values())) < 2:
        raise ValueError(
            f"A single text is cut into 90, 5 and 5 percent, so it needs {_LEAST} "
            f"{unit} or more, got {len(tokens)} in {name}."
        )
    return parts


def _vocabulary(parts: _Parts, most: int) -> tuple[str, ...]:
    """Returns the tokens of the training part, at most so many, `<unk>` where due."""
    ranked = [token for token, _ in collections.Counter(parts["train"]).most_common()]
    kept = ranked[: most or None]
    known = set(kept)
    if UNKNOWN in known or all(map(known.issuperset, parts.values())):
        return tuple(kept)
    return (*kept[: (most or len(kept) + 1) - 1], UNKNOWN)


def _limit(parts: _Parts, part: str, num: int, unit: str) -> _Parts:
    """Keeps the first `num` tokens of a part; all of them where it is 0."""
    check_limit(part, num, len(parts[part]), unit)
    return {**parts, part: parts[part][: num or None]}


class _Places(dict):
    """Places of tokens in a vocabulary, those it lacks at that of `<unk>`."""

    def __missing__(self, token: str) -> int:
        return self[UNKNOWN]


def _numbers(tokens: Sequence[str], vocabulary: Sequence[str]) -> np.ndarray:
    """Returns the places of tokens in the vocabulary, int32 [num]."""
    places = _Places(zip(vocabulary, range(len(vocabulary)), strict=True))
    # Without a line of Python for each token: millions take a fraction of a second.
    return np.fromiter(map(places.__getitem__, tokens), np.int32, len(tokens))


def _warn_of_unknown(dataset: TextDataset) -> None:
    """Logs in one line that `<unk>` is measured where training has none of it."""
    if UNKNOWN not in dataset.vocabulary:
        return
    place = dataset.vocabulary.index(UNKNOWN)
    num = {part: int((own == place).sum()) for part, own in dataset.splits.items()}
    # Of what is never trained the probability goes to 0, so perplexity rises at will.
    if num.pop("train") or not any(num.values()):
        return
    logging.warning(
        "%s are not in the training text, so they are measured as %s, which is never "
        "trained; with data.max_vocabulary rare %s of the training text are %s as "
        "well.",
        " and ".join(
            f"{lacking} of {len(dataset.splits[part])} {part} {dataset.unit}"
            for part, lacking in num.items()
            if lacking
        ),
        UNKNOWN,
        dataset.unit,
        UNKNOWN,
    )
