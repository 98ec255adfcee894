"""ADE20K of the scene parsing benchmark: images and annotations, 0 is ignored, 1 to 150 are classes."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ..description import Description
from ..listing import by_name
from ..pairs import Pair
from .base import Format, Layout, Request
from .reading import read_lines, reading

CLASSES = 150

_FOLDERS = {"train": "training", "val": "validation"}
_NAMES = "objectInfo150.txt"
_WHAT = "a table with the columns Idx, Ratio, Train, Val, Name"


def looks_like(root: Path) -> bool:
    """Say whether images and annotations have training or validation in them."""
    return any(
        (root / "images" / name).is_dir() and (root / "annotations" / name).is_dir()
        for name in _FOLDERS.values()
    )


def open_ade20k(request: Request) -> Layout:
    """Open training and validation; names are those of objectInfo150.txt, if it is there.

    Raises:
        DataError: objectInfo150.txt is not what it should be, or no picture has a mask.
    """
    root = request.root
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, tuple[str, ...]] = {}
    for split, folder in _FOLDERS.items():
        if not (root / "images" / folder).is_dir() or not (root / "annotations" / folder).is_dir():
            continue
        images, doubled = by_name(root / "images" / folder, "pictures")
        masks, more = by_name(root / "annotations" / folder, "masks")
        both = sorted(images.keys() & masks.keys())
        lonely = sorted(images.keys() ^ masks.keys())
        faults[split] = (
            *doubled,
            *more,
            *(
                f"{(images if name in images else masks)[name]}: has no partner in "
                f"{'annotations' if name in images else 'images'}"
                for name in lonely
            ),
        )
        if both:
            splits[split] = tuple(Pair(name, images[name], masks[name]) for name in both)
    if not splits:
        raise DataError(f"{root}: no picture has a mask; expected images/training/NAME.jpg for each mask")
    ordered, note = request.complete(splits)
    names, named = _names(root / _NAMES)
    description = Description(names, ignore=(0,))
    notes = (f"value 0 is ignored, values 1 to {CLASSES} become ids 0 to {CLASSES - 1}", named, note)
    return Layout(ordered, description, notes=notes, faults={name: faults.get(name, ()) for name in ordered})


def _names(path: Path) -> tuple[dict[int, str], str]:
    """Return the class names by value, and where they come from.

    A class is called by the first of its words, by all of them where another class has that word too.
    """
    if not path.is_file():
        return {
            value: f"class_{value}" for value in range(1, CLASSES + 1)
        }, f"no {_NAMES}: classes are numbered"
    with reading(path, _WHAT):
        rows = [line.split("\t") for line in read_lines(path, _WHAT)[1:]]
        words = {int(row[0]): row[-1].strip() for row in rows}
        if set(words) != set(range(1, CLASSES + 1)):
            raise DataError(f"names {len(words)} classes, expected each of 1 to {CLASSES} once")
    first = {value: text.split(",")[0] for value, text in words.items()}
    short = list(first.values())
    names = {value: name if short.count(name) == 1 else words[value] for value, name in first.items()}
    return names, f"names by {_NAMES}"


FORMAT = Format("ade20k", "{images,annotations}/{training,validation}", looks_like, open_ade20k)
