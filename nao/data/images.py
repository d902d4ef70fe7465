"""Decodes image files."""

import pathlib
from collections.abc import Sequence

import numpy as np
import tqdm

# What Pillow opens under these names, and what folders of images usually hold.
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff")
SUFFIXES += (".webp",)
_GREY = ("1", "L", "LA")
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def decode(paths: Sequence[pathlib.Path], image_size: int = 0) -> np.ndarray:
    """Decodes images of one size.

    Args:
        paths: The files, one at least.
        image_size: Side in pixels that images are scaled and cropped to about their
            centre; 0 leaves them as they are.

    Returns:
        uint8 [num, height, width, channels], of 1 channel where all images are grey,
        else of 3.

    Raises:
        ValueError: If a file is no image, or of another size than the first.
    """
    images = None
    # One thread: at 32x32, two decoded no more images a second than one.
    bar = tqdm.tqdm(paths, desc="Decoding", unit="image", disable=None, leave=False)
    for index, path in enumerate(bar):
        image = _read(path, image_size)
        if images is None:
            images = np.empty((len(paths), *image.shape), np.uint8)
        if image.shape[:2] != images.shape[1:3]:
            raise ValueError(
                "Images must be of one size, got "
                f"{_size(images[0])} in {paths[0]} and {_size(image)} in {path}; "
                "data.image_size resizes them."
            )
        if image.shape[-1] > images.shape[-1]:
            # The first colour image: the grey ones before it become colour images.
            images = np.repeat(images, image.shape[-1], axis=-1)
        images[index] = image
    return images


def _read(path: pathlib.Path, image_size: int) -> np.ndarray:
    """Returns uint8 [height, width, 1 or 3]."""
    # Only here, so that other data sets work without Pillow.
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image.load()
    # What Pillow raises for damaged files of one format or another.
    except (
        OSError,
        SyntaxError,
        ValueError,
        IndexError,
        Image.DecompressionBombError,
    ) as error:
        raise ValueError(f"Image {path} can't be read: {error}.") from None
    if image.mode in _DEEP:
        raise ValueError(
            "Images must have 8 bits a channel, got Pillow's mode "
            f"{image.mode!r} in {path}."
        )
    image = image.convert("L" if image.mode in _GREY else "RGB")
    if image_size:
        image = ImageOps.fit(image, (image_size, image_size))
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _size(image: np.ndarray) -> str:
    """Returns width x height, as image viewers write it."""
    return f"{image.shape[1]}x{image.shape[0]}"
