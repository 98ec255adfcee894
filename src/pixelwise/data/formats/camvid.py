"""CamVid as it is published: colour masks NAME_L.png and their colours in label_colors.txt."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...labels import Color, as_color
from ..description import Description
from ..listing import name_below, picture_files
from ..pairs import Pair
from .base import Format, Layout, Request
from .reading import read_lines, reading

_WHAT = "lines R G B NAME"
_COLORS = "label_colors.txt"
_MARK = "_L"
_ANNOTATED = "annot"


def looks_like(root: Path) -> bool:
    """Say whether label_colors.txt lies there."""
    return (root / _COLORS).is_file()


def open_camvid(request: Request) -> Layout:
    """Open all masks NAME_L.* (or trainannot/NAME.*) below the folder, each with the picture NAME.* below it.

    Splits are those of the masks' folders (train, trainannot, train_labels, ...), else by name.

    Raises:
        DataError: label_colors.txt is not what it should be, or no mask has a picture.
    """
    root = request.root
    description = read_colors(root / _COLORS)
    files = list(picture_files(root))
    masks = {file: wanted for file in files if (wanted := _picture_of(root, file)) is not None}
    images = {
        name: file for file in files if file not in masks for name in (file.stem, name_below(root, file))
    }
    pairs: list[Pair] = []
    faults: list[str] = []
    for mask, wanted in masks.items():
        if wanted in images:
            pairs.append(Pair(_name(root, mask, mask.stem.removesuffix(_MARK)), images[wanted], mask))
        else:
            faults.append(
                f"{mask}: has no picture; expected {wanted}.png below {root}: add it, or delete the mask"
            )
    used = {pair.image for pair in pairs}
    faults += [
        f"{image}: has no mask; expected {image.stem}{_MARK}.png: add it"
        for image in dict.fromkeys(images.values())
        if image not in used
    ]
    if not pairs:
        raise DataError(faults[0] if faults else f"{root}: holds no mask; expected NAME{_MARK}.png")
    splits, note = request.split(tuple(sorted(pairs, key=lambda pair: pair.name)))
    notes = (f"classes and colours by {_COLORS}; Void is ignored", note)
    return Layout(splits, description, True, notes, dict.fromkeys(splits, tuple(faults)))


def _picture_of(root: Path, file: Path) -> str | None:
    """Return the name, without suffix, of the picture that a mask belongs to; None for what is no mask.

    A mask is called NAME_L, or lies under the picture's name in a folder such as trainannot beside train.
    """
    if file.stem.endswith(_MARK):
        return file.stem.removesuffix(_MARK)
    first, _, rest = name_below(root, file).partition("/")
    folder = first.removesuffix(_ANNOTATED)
    return f"{folder}/{rest}" if folder != first and rest else None


def _name(root: Path, mask: Path, stem: str) -> str:
    """Return the name of a pair: below a folder such as train if its mask lies in train or train_labels."""
    first = name_below(root, mask).split("/")[0]
    for ending in ("_labels", _ANNOTATED, "_masks"):
        first = first.removesuffix(ending)
    return f"{first}/{stem}" if first in ("train", "val", "test") else stem


def read_colors(path: Path) -> Description:
    """Read label_colors.txt: lines R G B NAME; classes keep the order of the file, and Void is ignored.

    Raises:
        DataError: a line is none of these, or two have one name or one colour.
    """
    names: dict[int, str] = {}
    colors: dict[int, Color] = {}
    ignored: list[Color] = []
    with reading(path, _WHAT):
        for line in read_lines(path, _WHAT):
            *numbers, name = line.split(maxsplit=3)
            color = as_color([int(number) for number in numbers])
            if name in names.values() or color in (*colors.values(), *ignored):
                raise DataError(f"the name or the colour of '{name}' stands there twice: remove one of them")
            if name.lower() == "void":
                ignored.append(color)
            else:
                names[len(names)], colors[len(colors)] = name, color
    if not names:
        raise DataError(f"{path}: names no class; expected {_WHAT}")
    return Description(names, colors, ignore_colors=tuple(ignored))


FORMAT = Format("camvid", "label_colors.txt with masks NAME_L.png", looks_like, open_camvid)
