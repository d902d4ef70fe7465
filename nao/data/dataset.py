"""Data sets by name: images and texts, always in the same three parts."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nao.data import (
    arrays,
    cluttered_digits,
    digits,
    folder,
    image_dataset,
    prepared,
    text,
    text_sources,
)
from nao.data.image_dataset import ImageDataset
from nao.data.images import RESIZES
from nao.data.text_dataset import UNITS, TextDataset
from nao.fields import check_choice

Dataset = ImageDataset | TextDataset


class Source(NamedTuple):
    """Where the data sets of one name come from.

    Attributes:
        load_fn: Maps a path, and options by name, to the data set.
        options: Those options of `load` that it takes.
    """

    load_fn: Callable[..., Dataset]
    options: tuple[str, ...]


def _of_images(name: str, read_fn: Callable, *options: str) -> Source:
    load_fn = functools.partial(image_dataset.load, name, read_fn)
    shared = ("validation_share", "num_train", "num_validation")
    return Source(load_fn, (*shared, *options))


def _of_text(name: str, read_fn: Callable) -> Source:
    load_fn = functools.partial(text.load, name, read_fn)
    options = ("tokens", "max_vocabulary", "num_train", "num_validation")
    return Source(load_fn, options)


DATASETS: dict[str, Source] = {
    "digits": _of_images("digits", digits.load),
    "cluttered_digits": _of_images("cluttered_digits", cluttered_digits.load),
    **{
        name: _of_images(name, functools.partial(prepared.load, name))
        for name in prepared.SETS
    },
    "folder": _of_images("folder", folder.load, "image_size", "resize"),
    "npz": _of_images("npz", arrays.load),
    "text_folder": _of_text("text_folder", text_sources.read_folder),
    "text_file": _of_text("text_file", text_sources.read_file),
    "python_topics": _of_text("python_topics", text_sources.read_topics),
}


def load(
    name: str,
    path: str = "",
    *,
    validation_share: float = 0.1,
    num_train: int = 0,
    num_validation: int = 0,
    image_size: int = 0,
    resize: str = "crop",
    tokens: str = "words",
    max_vocabulary: int = 0,
) -> Dataset:
    """Returns the data set registered under `name`, always in the same parts.

    Args:
        name: One of `DATASETS`.
        path: Where it is: a folder or file of one's own, or the folder of prepared
            sets, empty for that of tensorflow-datasets.
        validation_share: Share of the training images that validation gets where the
            source has no such part, and test as well.
        num_train: Training images, or tokens of a text, that are kept, the rest unused;
            0 for all.
        num_validation: Validation images or tokens that are kept; 0 for all.
        image_size: Side in pixels that the images of a folder are resized to; 0 leaves
            them as they are.
        resize: How images that are not square become so: `crop` keeps their centre,
            `pad` adds black, `squeeze` distorts.
        tokens: What a text is made of, `words` or `characters`.
        max_vocabulary: Most tokens that are told apart: the most frequent ones, and one
            for all others; 0 for all of the training text.

    Raises:
        ValueError: If the name is unknown, an argument out of range or not one of this
            data set, which may not be there, or not be as it must.
    """
    if name not in DATASETS:
        raise ValueError(f"Unknown data set {name!r}; known: {', '.join(DATASETS)}.")
    options = {
        "validation_share": validation_share,
        "num_train": num_train,
        "num_validation": num_validation,
        "image_size": image_size,
        "resize": resize,
        "tokens": tokens,
        "max_vocabulary": max_vocabulary,
    }
    check_options(**options)
    _check_taken(name, options)
    source = DATASETS[name]
    return source.load_fn(
        path, **{option: options[option] for option in source.options}
    )


def check_options(
    *,
    validation_share: float,
    resize: str,
    image_size: int,
    tokens: str,
    max_vocabulary: int,
    **amounts: int,
) -> None:
    """Checks arguments of `load`; raises ValueError where one is out of range."""
    if not 0 < validation_share < 0.5:
        raise ValueError(
            "data.validation_share must be above 0 and below 0.5, got "
            f"{validation_share}."
        )
    amounts |= {"image_size": image_size, "max_vocabulary": max_vocabulary}
    for name, value in amounts.items():
        if not isinstance(value, int | np.integer) or value < 0:
            raise ValueError(
                f"data.{name} must be a whole number, not negative, got {value}."
            )
    check_choice("data.resize", resize, RESIZES)
    if resize != "crop" and not image_size:
        raise ValueError(f"data.resize={resize} needs data.image_size, got 0.")
    check_choice("data.tokens", tokens, UNITS)
    if max_vocabulary == 1:
        raise ValueError("data.max_vocabulary must be 0 or at least 2, got 1.")


def _check_taken(name: str, options: Mapping[str, Any]) -> None:
    """Raises ValueError where an option is given that the data set does not take."""
    for option, value in options.items():
        # What is at its default was not asked for.
        is_given = value != load.__kwdefaults__[option]
        if is_given and option not in DATASETS[name].options:
            takers = [n for n, other in DATASETS.items() if option in other.options]
            raise ValueError(
                f"data.{option} is for {', '.join(takers)} alone, got {value!r} with "
                f"{name!r}."
            )
