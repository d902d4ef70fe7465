"""Cuts images into the three parts of a data set by class, always the same way.

Nothing here depends on the seed of a run: two runs, or two strategies, are compared on
the same images.
"""

from collections.abc import Mapping

import numpy as np
from absl import logging

from nao.data.split import PARTS, Split
from nao.system.showing import counted

_NUM_NAMED = 10  # classes that a part lacks


def complete(
    splits: Mapping[str, Split], validation_share: float
) -> Mapping[str, Split]:
    """Cuts the parts that a source does not bring from its training images.

    Each class is cut in the same shares, as far as whole images allow. Its first image
    stays in training, so that no class is measured that was never trained; the next
    ones go to each missing part, where a part is large enough for all classes.

    Args:
        splits: `train`, and `validation` and `test` where the source brings them.
        validation_share: Share of the training images that each missing part gets, or
            less where training would lose all images of a class.

    Returns:
        The splits of all three parts.

    Raises:
        ValueError: If there are too few images, or not a label for each.
    """
    train = splits["train"]
    num = len(train.labels)
    if len(train.images) != num:
        raise ValueError(
            f"Training needs as many labels as images, got "
            f"{counted(len(train.images), 'image')} and {counted(num, 'label')}."
        )
    missing = [part for part in PARTS if part not in splits]
    if not missing:
        return splits
    order, ids, counts = _by_class(train.labels)
    num_spare = num - len(counts)
    # At least one image: a part without any could not be measured.
    size = min(max(1, round(validation_share * num)), num_spare // len(missing))
    if size < 1:
        raise ValueError(
            f"{counted(num, 'image')} can't be cut into {' and '.join(missing)} parts: "
            f"training keeps one of each of the {len(counts)} classes."
        )
    seats = _seats(counts, size, len(missing))
    # 0 for the first missing part, and so on; what is beyond all of them stays.
    place = (_ranks(ids, counts) >= np.cumsum(seats, 0)[:, ids]).sum(0)
    names = [*missing, "train"]
    cut = {part: train.take(order[place == i]) for i, part in enumerate(names)}
    return {**splits, **cut}


def check_limit(part: str, num: int, there: int, what: str) -> None:
    """Raises ValueError where more is to be kept of a part than there is."""
    if num > there:
        raise ValueError(
            f"data.num_{part} must be at most the {there} {what} that there are, got "
            f"{num}."
        )


def limit(splits: Mapping[str, Split], part: str, num: int) -> Mapping[str, Split]:
    """Keeps `num` images of a part, drawn once and for all; all of them where it is 0.

    One image of each class comes first, then all classes in the shares that they have.

    Raises:
        ValueError: If there are fewer.
    """
    there = len(splits[part].labels)
    check_limit(part, num, there, "images")
    if num in (0, there):
        return splits
    order, ids, counts = _by_class(splits[part].labels)
    ranks = _ranks(ids, counts)
    # Parts that hold the same classes keep the same ones, where not all can stay.
    turn = np.where(ranks == 0, _order(len(counts))[ids], len(counts))
    # The first of one order: a larger number keeps what a smaller one does.
    first = np.lexsort((turn, ranks / counts[ids], ranks > 0))[:num]
    return {**splits, part: splits[part].take(order[first])}


def warn_of_absent_classes(splits: Mapping[str, Split]) -> None:
    """Logs in one line which classes some part has no images of."""
    classes = {part: set(splits[part].labels.tolist()) for part in PARTS}
    everywhere = set().union(*classes.values())
    lines = [
        f"{part} lacks {_named(sorted(everywhere - own))}"
        for part, own in classes.items()
        if own != everywhere
    ]
    if lines:
        logging.warning(
            "Not every part has images of every class, counted from 0: %s.",
            "; ".join(lines),
        )


def _named(classes: list[int]) -> str:
    names = ", ".join(map(str, classes[:_NUM_NAMED]))
    rest = len(classes) - _NUM_NAMED
    return f"{names} and {counted(rest, 'other')}" if rest > 0 else names


def _by_class(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a random order of images, int [num], and of what classes they are.

    The classes are int [num], numbered among those that are there, in that order; then
    the number of images of each, int [num classes].
    """
    order = _order(len(labels))
    _, ids, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return order, ids[order], counts


def _ranks(ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns how many images of its class come before each image, int [num]."""
    by_class = np.argsort(ids, kind="stable")
    starts = np.cumsum(counts) - counts
    ranks = np.empty(len(ids), int)
    ranks[by_class] = np.arange(len(ids)) - starts[ids[by_class]]
    return ranks


def _seats(counts: np.ndarray, size: int, num_parts: int) -> np.ndarray:
    """Returns how many images of each class go to each part, int [part, class].

    Args:
        counts: int [class], images of each class.
        size: Images of each part; one of each class stays outside.
        num_parts: Parts of that size.
    """
    # Equal classes take turns at random, not always in the order of their numbers.
    turn = _order(len(counts))
    held = np.empty_like(counts)
    held[turn] = _held_out(counts[turn], size, num_parts)
    # Evenly among parts; classes with a rest give it to the parts in turn.
    start = np.empty_like(counts)
    rest = held % num_parts
    start[turn] = np.cumsum(rest[turn]) - rest[turn]
    parts = np.arange(num_parts)[:, None]
    return held // num_parts + ((parts - start) % num_parts < rest)


def _held_out(counts: np.ndarray, size: int, num_parts: int) -> np.ndarray:
    """Returns how many images of each class go to all parts together, int [class]."""
    spare = counts - 1
    held = np.zeros_like(counts)
    # One to each part, from the largest classes on where not all can have that.
    largest = np.argsort(-counts, kind="stable")
    held[largest[spare[largest] >= num_parts][:size]] = num_parts
    target = size * num_parts * counts / counts.sum()
    for _ in range(size * num_parts - held.sum()):
        held[np.argmax(np.where(held < spare, target - held, -np.inf))] += 1
    return held


def _order(num: int) -> np.ndarray:
    """Returns a random order, the same in every run: sources are sorted by class."""
    return np.random.default_rng(0).permutation(num)
