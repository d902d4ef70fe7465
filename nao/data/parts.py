"""Cuts images into the three parts of a data set, always the same way.

Nothing here depends on the seed of a run: two runs, or two strategies, are compared on
the same images.
"""

import numpy as np


def complete(fields: dict, validation_share: float) -> dict:
    """Cuts the parts that a source does not bring from its training images.

    Args:
        fields: `train_images`, `train_labels`, and the same of `validation` and `test`
            where the source brings them; anything else stays as it is.
        validation_share: Share of the training images that each missing part gets.

    Returns:
        The fields of all three parts.

    Raises:
        ValueError: If there are too few images, or not a label for each.
    """
    images, labels = fields["train_images"], fields["train_labels"]
    if len(images) != len(labels):
        raise ValueError(
            f"Training needs as many labels as images, got {len(images)} images and "
            f"{len(labels)} labels."
        )
    missing = [p for p in ("validation", "test") if f"{p}_images" not in fields]
    if not missing:
        return fields
    size = max(1, round(validation_share * len(labels)))
    num_train = len(labels) - size * len(missing)
    if num_train < 1:
        raise ValueError(
            f"{len(labels)} images are too few to cut {' and '.join(missing)} parts "
            f"of {size} from them."
        )
    order = _order(len(labels))
    result = fields | _take(images, labels, order[:num_train], "train")
    for start, part in zip(range(num_train, len(labels), size), missing, strict=True):
        result |= _take(images, labels, order[start : start + size], part)
    return result


def limit(fields: dict, part: str, num: int) -> dict:
    """Keeps `num` images of a part, drawn once and for all; all of them where it is 0.

    Raises:
        ValueError: If there are fewer.
    """
    images, labels = fields[f"{part}_images"], fields[f"{part}_labels"]
    if num > len(labels):
        raise ValueError(
            f"data.num_{part} must be at most the {len(labels)} images that there are, "
            f"got {num}."
        )
    if num in (0, len(labels)):
        return fields
    return fields | _take(images, labels, _order(len(labels))[:num], part)


def _order(num: int) -> np.ndarray:
    """Returns a random order, the same in every run: sources are sorted by class."""
    return np.random.default_rng(0).permutation(num)


def _take(images: np.ndarray, labels: np.ndarray, rows: np.ndarray, part: str) -> dict:
    return {f"{part}_images": images[rows], f"{part}_labels": labels[rows]}
