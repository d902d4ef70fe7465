"""Decodes image files into pixels of 8 bits a channel."""

import pathlib
from collections.abc import Sequence

import numpy as np
from absl import logging

from nao.files import one_line
from nao.system import progress
from nao.system.showing import counted

RESIZES = ("crop", "pad", "squeeze")
_GREY = ("1", "L", "LA", "La")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_SCALED = ("PNG", "PPM")  # formats whose mode "I" holds numbers of 16 bits
# Formats that Pillow knows but has no pixels of: documents that other programs draw,
# videos, and files that only extensions of it read.
_NOT_PIXELS = ("BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF")


def suffixes() -> tuple[str, ...]:
    """Returns the endings of file names, lower case, that Pillow reads images of."""
    # Here and below only when needed, so that other data sets work without Pillow.
    from PIL import Image

    formats = _formats()
    known = Image.registered_extensions()
    return tuple(suffix for suffix, name in known.items() if name in formats)


def _formats() -> list[str]:
    from PIL import Image

    Image.init()
    return [name for name in Image.OPEN if name not in _NOT_PIXELS]


def decode(
    paths: Sequence[pathlib.Path], image_size: int = 0, resize: str = "crop"
) -> np.ndarray:
    """Decodes images of one size, upright as their EXIF data say.

    What is transparent becomes white; of 16 bits a channel the upper 8 are kept. Of an
    animation the first frame is taken.

    Args:
        paths: The files, one at least.
        image_size: Side in pixels that images are resized to; 0 leaves them.
        resize: How images that are not square become so, one of `RESIZES`: cropped
            about their centre, padded with black, or squeezed.

    Returns:
        uint8 [num, height, width, channels], of 1 channel where all images are grey,
        else of 3.

    Raises:
        ValueError: If a file is no image, or of another size than the first.
    """
    images, num_deep = None, 0
    # One thread: at 32x32, two decoded no more images a second than one.
    tracked = progress.track(paths, len(paths), "image", "decoding")
    for index, path in enumerate(tracked):
        image, is_deep = _read(path, image_size, resize)
        num_deep += is_deep
        if images is None:
            images = _allocate(len(paths), image)
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
    if num_deep:
        logging.warning(
            "16 bits a channel in %d of %s: the upper 8 are kept.",
            num_deep,
            counted(len(paths), "image"),
        )
    return images


def _allocate(num: int, image: np.ndarray) -> np.ndarray:
    """Returns memory for so many images like one, uint8."""
    try:
        return np.empty((num, *image.shape), np.uint8)
    except MemoryError:
        raise ValueError(
            f"Memory must hold {counted(num, 'image')} of {_size(image)}, "
            f"{num * image.size:,} bytes, more than there is; data.image_size makes "
            "them smaller."
        ) from None


def _read(path: pathlib.Path, image_size: int, resize: str) -> tuple[np.ndarray, bool]:
    """Returns uint8 [height, width, 1 or 3], and whether the file has 16 bits."""
    from PIL import Image

    try:
        with Image.open(path, formats=_formats()) as image:
            image.load()
        is_deep = image.mode in _DEEP
        _check_depth(image.mode, image.format)
        image = _upright(image)
        image = _upper_bits(image) if is_deep else _opaque(image)
        pixels = np.asarray(_resized(image, image_size, resize))
    except Exception as error:  # the many that Pillow raises at damaged bytes
        raise ValueError(
            f"Image {path} can't be read: {one_line(error, 200)}."
        ) from None
    return (pixels[..., None] if pixels.ndim == 2 else pixels), is_deep


def _check_depth(mode: str, format: str) -> None:
    """Raises ValueError for pixels whose black and white the file does not say."""
    if mode == "F" or (mode == "I" and format not in _SCALED):
        raise ValueError(
            f"it must have 8 or 16 bits a channel, got Pillow's mode {mode!r}"
        )


def _upright(image):
    """Turns a photo as its camera was held."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # EXIF data are often damaged, and pixels whole all the same.
        return image


def _upper_bits(image):
    """Returns a grey image of 8 bits; Pillow does the same to colours of 16."""
    from PIL import Image

    deep = np.asarray(image).astype(np.int64)
    pixels = (deep >> 8).astype(np.uint8)
    if isinstance(clear := image.info.get("transparency"), int):
        pixels[deep == clear] = 255
    return Image.fromarray(pixels)


def _opaque(image):
    """Lays an image over white, and returns it grey or in colours."""
    from PIL import Image

    mode = "L" if image.mode in _GREY else "RGB"
    if image.mode in _ALPHA or "transparency" in image.info:
        if image.mode.endswith("a"):  # colours were multiplied by alpha
            image = image.convert(f"{image.mode[:-1]}A")
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)


def _resized(image, side: int, resize: str):
    """Returns an image of `side` x `side` pixels; 0 leaves it as it is."""
    from PIL import Image, ImageOps

    if not side:
        return image
    if resize == "crop":
        return ImageOps.fit(image, (side, side))
    if resize == "squeeze":
        return image.resize((side, side))
    scale = side / max(image.size)
    width, height = (max(1, round(scale * length)) for length in image.size)
    padded = Image.new(image.mode, (side, side))
    place = ((side - width) // 2, (side - height) // 2)
    padded.paste(image.resize((width, height)), place)
    return padded


def _size(image: np.ndarray) -> str:
    """Returns width x height, as image viewers write it."""
    return f"{image.shape[1]}x{image.shape[0]}"
