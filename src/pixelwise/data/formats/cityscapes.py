"""Cityscapes: leftImg8bit and gtFine, whose labelIds become the 19 classes of the benchmark."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...labels import IGNORE_INDEX, Color
from ..description import Description
from ..listing import picture_files
from ..pairs import Pair
from .base import Format, Layout, Request

CLASSES: dict[int, tuple[str, Color]] = {
    7: ("road", (128, 64, 128)),
    8: ("sidewalk", (244, 35, 232)),
    11: ("building", (70, 70, 70)),
    12: ("wall", (102, 102, 156)),
    13: ("fence", (190, 153, 153)),
    17: ("pole", (153, 153, 153)),
    19: ("traffic light", (250, 170, 30)),
    20: ("traffic sign", (220, 220, 0)),
    21: ("vegetation", (107, 142, 35)),
    22: ("terrain", (152, 251, 152)),
    23: ("sky", (70, 130, 180)),
    24: ("person", (220, 20, 60)),
    25: ("rider", (255, 0, 0)),
    26: ("car", (0, 0, 142)),
    27: ("truck", (0, 0, 70)),
    28: ("bus", (0, 60, 100)),
    31: ("train", (0, 80, 100)),
    32: ("motorcycle", (0, 0, 230)),
    33: ("bicycle", (119, 11, 32)),
}
"""Name and colour by labelId, in the order of the trainIds 0 to 18."""

_LABEL_IDS = range(34)
_SUFFIXES = ("_gtFine_labelIds", "_gtFine_labelTrainIds")
_PICTURE = "_leftImg8bit"


def looks_like(root: Path) -> bool:
    """Say whether leftImg8bit and gtFine lie there."""
    return (root / "leftImg8bit").is_dir() and (root / "gtFine").is_dir()


def open_cityscapes(request: Request) -> Layout:
    """Open gtFine; masks of labelIds are preferred to those of labelTrainIds.

    Raises:
        DataError: no picture has a mask.
    """
    root = request.root
    kind = next((kind for kind in _SUFFIXES if next((root / "gtFine").glob(f"*/*/*{kind}.png"), None)), None)
    if kind is None:
        raise DataError(
            f"{root / 'gtFine'}: holds no CITY/NAME{_SUFFIXES[0]}.png; unpack gtFine_trainvaltest.zip"
        )
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, tuple[str, ...]] = {}
    for split in ("train", "val", "test"):
        if (root / "leftImg8bit" / split).is_dir() and (root / "gtFine" / split).is_dir():
            pairs, faults[split] = _match(root, split, kind)
            if pairs:
                splits[split] = pairs
    if not splits:
        raise DataError(f"{root}: no picture has a mask; expected leftImg8bit/train/CITY/NAME{_PICTURE}.png")
    ordered, note = request.complete(splits)
    notes: tuple[str, ...] = ("the 19 classes of the benchmark; all other labels are ignored", note)
    if "test" in splits:
        notes += ("the masks of Cityscapes' own test split hold nothing but ignored labels",)
    known = {name: faults.get(name, ()) for name in ordered}
    return Layout(ordered, _description(kind), notes=notes, faults=known)


def _description(kind: str) -> Description:
    ids = {value: value for value in CLASSES}
    if kind == _SUFFIXES[1]:
        ids = {value: id_ for id_, value in enumerate(CLASSES)}
    names = {ids[value]: name for value, (name, _) in CLASSES.items()}
    colors = {ids[value]: color for value, (_, color) in CLASSES.items()}
    others = [value for value in _LABEL_IDS if value not in names] if kind == _SUFFIXES[0] else []
    return Description(names, colors, ignore=(*others, IGNORE_INDEX))


def _match(root: Path, split: str, kind: str) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    pictures, masks = root / "leftImg8bit" / split, root / "gtFine" / split
    pairs, faults = [], []
    for image in picture_files(pictures):
        city, name = image.parent.relative_to(pictures), image.stem.removesuffix(_PICTURE)
        mask = masks / city / f"{name}{kind}.png"
        if mask.is_file():
            pairs.append(Pair((city / name).as_posix(), image, mask))
        else:
            faults.append(f"{image}: has no mask; expected {mask}: add it, or delete the picture")
    return tuple(pairs), tuple(faults)


FORMAT = Format("cityscapes", "leftImg8bit/ and gtFine/", looks_like, open_cityscapes)
