"""Cuts images into the three parts of a data set, always the same way.

Nothing here depends on the seed of a run: two runs, or two strategies, are compared on
the same images.
"""

from collections.abc import Mapping

import numpy as np

from nao.data.split import PARTS, Split


def complete(
    splits: Mapping[str, Split], validation_share: float
) -> Mapping[str, Split]:
    """Cuts the parts that a source does not bring from its training images.

    Args:
        splits: `train`, and `validation` and `test` where the source brings them.
        validation_share: Share of the training images that each missing part gets.

    Returns:
        The splits of all three parts.

    Raises:
        ValueError: If there are too few images, or not a label for each.
    """
    train = splits["train"]
    num = len(train.labels)
    if len(train.images) != num:
        raise ValueError(
            f"Training needs as many labels as images, got {len(train.images)} images "
            f"and {num} labels."
        )
    missing = [part for part in PARTS if part not in splits]
    if not missing:
        return splits
    # At least one image: a part without any could not be measured.
    size = max(1, round(validation_share * num))
    num_train = num - size * len(missing)
    if num_train < 1:
        raise ValueError(
            f"{num} images are too few to cut {' and '.join(missing)} parts of {size} "
            "from them."
        )
    order = _order(num)
    cut = {"train": train.take(order[:num_train])}
    for start, part in zip(range(num_train, num, size), missing, strict=True):
        cut[part] = train.take(order[start : start + size])
    return {**splits, **cut}


def limit(splits: Mapping[str, Split], part: str, num: int) -> Mapping[str, Split]:
    """Keeps `num` images of a part, drawn once and for all; all of them where it is 0.

    Raises:
        ValueError: If there are fewer.
    """
    there = len(splits[part].labels)
    if num > there:
        raise ValueError(
            f"data.num_{part} must be at most the {there} images that there are, got "
            f"{num}."
        )
    if num in (0, there):
        return splits
    # The first of one order: a larger number keeps what a smaller one does.
    return {**splits, part: splits[part].take(_order(there)[:num])}


def _order(num: int) -> np.ndarray:
    """Returns a random order, the same in every run: sources are sorted by class."""
    return np.random.default_rng(0).permutation(num)
