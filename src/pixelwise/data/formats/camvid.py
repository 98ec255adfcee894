"""CamVid as it is published: colour masks NAME_L.png and their colours in label_colors.txt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ...errors import DataError
from ...labels import Color, as_color
from ..description import Description
from ..listing import name_below, picture_files
from ..pairs import Pair
from .base import Format, Layout, Request
from .reading import none_left, read_lines, reading

_WHAT = "lines R G B NAME"
_COLORS = "label_colors.txt"
_MARK = "_L"
_ANNOTATED = "annot"
_LEVELS = 5


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
    masks = {file: places for file in files if (places := _places_of_picture(root, file))}
    images = {file: _places(root, file, file.stem) for file in files if file not in masks}
    found = _nearest(masks, images)
    pairs: list[Pair] = []
    faults: list[str] = []
    for mask, places in masks.items():
        match found.get(mask, []):
            case [image]:
                pairs.append(Pair(_name(root, mask, mask.stem.removesuffix(_MARK)), image, mask))
            case [one, other, *_]:
                faults.append(
                    f"{mask}: may belong to {one} or to {other}; expected one picture: put its mask beside it"
                )
            case _:
                lacking = f"has no picture; expected {places[-1]}.png below {root}"
                faults.append(f"{mask}: {lacking}: add it, or delete the mask")
    used = {image for near in found.values() for image in near}
    faults += [
        f"{image}: has no mask; expected {image.stem}{_MARK}.png: add it"
        for image in images
        if image not in used
    ]
    if not pairs:
        raise none_left(faults or [f"{root}: holds no mask; expected NAME{_MARK}.png"])
    splits, note = request.split(tuple(sorted(pairs, key=lambda pair: pair.name)))
    notes = (f"classes and colours by {_COLORS}; Void is ignored", note)
    return Layout(splits, description, True, notes, dict.fromkeys(splits, tuple(faults)))


def _places_of_picture(root: Path, mask: Path) -> tuple[str, ...]:
    """Return where the picture of a mask may be (see `_places`); nowhere for what is no mask.

    A mask is called NAME_L, or lies under the picture's name in a folder such as trainannot beside train.
    """
    if mask.stem.endswith(_MARK):
        return _places(root, mask, mask.stem.removesuffix(_MARK))
    first, *rest = mask.relative_to(root).parts
    annotated = rest and first.endswith(_ANNOTATED) and first != _ANNOTATED
    return _places(root, mask, mask.stem)[:2] if annotated else ()


def _places(root: Path, file: Path, stem: str) -> tuple[str, ...]:
    """Return the places of a file, nearest first; a mask and a picture that share one may belong together.

    Its folder; that which its folder is named after, such as train for train_labels; the folders beside its
    folder; the same place below another folder; anywhere.
    """
    first, *rest = (*file.relative_to(root).parts[:-1], "")
    folder, named_after = Path(first, *rest), Path(_without_ending(first), *rest)
    folders = (folder, named_after, folder.parent, Path(*rest), Path())
    return tuple(name_below(root, root / folder / f"{stem}.png") for folder in folders)


def _nearest(
    masks: Mapping[Path, tuple[str, ...]], images: Mapping[Path, tuple[str, ...]]
) -> dict[Path, list[Path]]:
    """Return the picture of each mask that has one, or several where they are equally near.

    Near ones go first: a picture that is beside its mask is not taken for another mask from afar.
    """
    found: dict[Path, list[Path]] = {}
    for level in range(_LEVELS):
        used = {image for near in found.values() for image in near}
        near: dict[str, list[Path]] = defaultdict(list)
        for image, places in images.items():
            if image not in used:
                near[places[level]].append(image)
        for mask, places in masks.items():
            if mask not in found and level < len(places) and places[level] in near:
                found[mask] = near[places[level]]
    return found


def _name(root: Path, mask: Path, stem: str) -> str:
    """Return the name of a pair: below a folder such as train if its mask lies in train or train_labels."""
    first = _without_ending(name_below(root, mask).split("/")[0])
    return f"{first}/{stem}" if first in ("train", "val", "test") else stem


def _without_ending(folder: str) -> str:
    """Return what a folder of masks is named after: train for train_labels, trainannot and train_masks."""
    for ending in ("_labels", _ANNOTATED, "_masks"):
        folder = folder.removesuffix(ending)
    return folder


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
