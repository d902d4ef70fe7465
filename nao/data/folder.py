"""A folder of images, one folder a class.

Either the class folders lie in it directly, or in `train` and, where there are such
parts, in `validation` (or `val`, `valid`) and `test`.
"""

import pathlib

import numpy as np

from nao.data import cache, images, listing, split
from nao.data.split import Split
from nao.files import expanded, one_line

_PARTS = {
    "train": ("train",),
    "validation": ("validation", "val", "valid"),
    "test": ("test",),
}
_Found = dict[str, dict[str, list[pathlib.Path]]]  # files by part and class


def load(
    path: str, image_size: int = 0, resize: str = "crop"
) -> tuple[dict[str, Split], int]:
    """Returns the splits that the folder holds, and the number of classes.

    Classes are numbered in the order of the names of their folders. What is skipped is
    logged, a line for each reason.

    Args:
        path: The folder.
        image_size: Side in pixels that images are resized to; 0 leaves them.
        resize: How images that are not square become so; see `images.decode`.

    Raises:
        ValueError: If the folder is not as it must be, or an image can't be decoded.
    """
    if not path:
        raise ValueError("data.name=folder needs data.path, a folder of class folders.")
    root = expanded(path).absolute()
    if not root.is_dir():
        raise ValueError(f"data.path must be a folder of class folders, got {path!r}.")
    try:
        return _load(root, image_size, resize)
    except OSError as error:
        where = error.filename or root
        raise ValueError(f"{where} can't be read: {one_line(error)}.") from None
    # Names of files may be long, and hold line breaks.
    except ValueError as error:
        raise ValueError(one_line(error)) from None


def _load(
    root: pathlib.Path, image_size: int, resize: str
) -> tuple[dict[str, Split], int]:
    found = _find(root)
    files = [
        file for part in found.values() for group in part.values() for file in group
    ]

    def decode() -> dict[str, np.ndarray]:
        return split.to_arrays(_cut(images.decode(files, image_size, resize), found))

    options = {"image_size": image_size, "resize": resize}
    arrays = cache.cached(root, files, decode, **options)
    return split.from_arrays(arrays), len(found["train"])


def _cut(decoded: np.ndarray, found: _Found) -> dict[str, Split]:
    """Cuts images of all parts, decoded at once, into splits.

    They are decoded at once because all parts have one size and number of channels.
    """
    splits, start = {}, 0
    classes = list(found["train"])
    for part, groups in found.items():
        labels = [classes.index(name) for name, group in groups.items() for _ in group]
        # A copy, so that no part keeps the memory of all.
        own = decoded[start : start + len(labels)].copy()
        splits[part] = Split(own, np.array(labels, np.int32))
        start += len(labels)
    return splits


def _find(root: pathlib.Path) -> _Found:
    """Finds the image files of each class of each part."""
    folders = {}
    for part, names in _PARTS.items():
        there = [root / name for name in names if (root / name).is_dir()]
        if len(there) > 1:
            raise ValueError(
                f"{root} must hold one folder of {part} images, got "
                f"{' and '.join(folder.name for folder in there)}."
            )
        if there:
            folders[part] = there[0]
    if folders and "train" not in folders:
        raise ValueError(
            f"{root} must hold a folder train beside "
            f"{' and '.join(folder.name for folder in folders.values())}, or class "
            "folders alone."
        )
    others = [
        child.name
        for child in listing.folders_in(root)
        if child not in folders.values()
    ]
    if folders and others:
        raise ValueError(
            f"{root} must hold the folders of its parts alone, got "
            f"{', '.join(others)} beside train."
        )
    found = {p: _classes(folder) for p, folder in (folders or {"train": root}).items()}
    classes = found["train"]
    for part, groups in found.items():
        unknown = [name for name in groups if name not in classes]
        if unknown:
            raise ValueError(
                f"Classes of {folders[part]} must be among those of train, got "
                f"{unknown[0]!r}; known: {', '.join(classes)}."
            )
    return found


def _classes(folder: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    """Returns the image files of each class folder, both sorted by name."""
    listed = {
        child.name: listing.images_in(child) for child in listing.folders_in(folder)
    }
    if len(listed) < 2:
        raise ValueError(
            f"{folder} must hold a folder for each of two classes or more, got "
            f"{', '.join(listed) or 'none'}."
        )
    beside = [
        ("images in no class folder", str(f)) for f in listing.images_in(folder)[0]
    ]
    listing.warn(beside + [what for _, skipped in listed.values() for what in skipped])
    for name, (files, _) in listed.items():
        if not files:
            raise ValueError(
                f"Class folder {folder / name} must hold an image or more, got none; "
                "Pillow reads .jpg, .png, .webp, .tif and others."
            )
    return {name: files for name, (files, _) in listed.items()}
