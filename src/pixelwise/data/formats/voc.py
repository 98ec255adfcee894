"""PASCAL VOC: palette masks listed in ImageSets/Segmentation; SBD's .mat files; sets laid out like VOC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import DataError, ImageError
from ...extras import require
from ...labels import IGNORE_INDEX, Color, as_color
from ..description import Description
from ..image import IMAGE_SUFFIXES
from ..listing import by_name
from ..masks import MaskValues
from ..pairs import Pair
from ..palettes import palette_in_head
from .base import Format, Layout, Request
from .drawing import BACKGROUND
from .reading import find_file, none_left, read_lines, reading
from .voc_lists import read_lists

NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train"),
    "tvmonitor",
)
"""The classes of PASCAL VOC, by their values 0 to 20."""

_VOID: Color = (224, 224, 192)
_LABEL_MAP = "labelmap.txt"
_CLASS_NAMES = ("class_names.txt", "labels.txt")


def voc_color(value: int) -> Color:
    """Return the colour that VOC's development kit gives to a value: its bits, dealt out to r, g and b."""
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (value >> channel & 1) << (7 - place)
        value >>= 3
    return channels[0], channels[1], channels[2]


@dataclass(frozen=True)
class MatMask:
    """A mask of SBD: a .mat file with the field GTcls.Segmentation."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> MaskValues:
        """Return the values of VOC's classes.

        Raises:
            ImageError: the file cannot be read, or holds no mask.
        """
        from scipy.io import loadmat

        try:
            values = loadmat(self.path)["GTcls"][0, 0]["Segmentation"]
            if values.ndim != 2 or not values.size:
                raise ValueError(f"of the shape {values.shape}")
            return MaskValues(np.ascontiguousarray(values.astype(np.uint8)))
        except Exception as error:  # a damaged .mat raises anything
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ImageError(
                f"{self.path}: is damaged, or no mask of SBD ({reason}); copy it again"
            ) from error


def _voc_folder(root: Path) -> Path | None:
    """Return the folder with SegmentationClass: the root, VOC2012, or VOCdevkit/VOC2012 in it."""
    places = [
        root,
        *sorted(root.glob("VOC20*"), reverse=True),
        *sorted(root.glob("VOCdevkit/*"), reverse=True),
    ]
    return next((place for place in places if (place / "SegmentationClass").is_dir()), None)


def _sbd_folder(root: Path) -> Path | None:
    """Return the folder with img and cls of the Semantic Boundaries Dataset."""
    places = (root, *(root / name for name in ("dataset", "benchmark_RELEASE/dataset", "sbd", "SBD")))
    return next((place for place in places if (place / "cls").is_dir() and (place / "img").is_dir()), None)


def looks_like(root: Path) -> bool:
    """Say whether SegmentationClass, or SBD's cls and img, lies there."""
    return _voc_folder(root) is not None or _sbd_folder(root) is not None


def open_voc(request: Request) -> Layout:
    """Open VOC, SBD, or both; together, train is theirs without the pictures of VOC's val.

    Raises:
        DataError: a list names what is not there, or pictures are missing.
    """
    voc, sbd = _voc_folder(request.root), _sbd_folder(request.root)
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
    by_color, description, void = _classes(voc)
    if voc is not None:
        splits, faults, notes = _listed(voc)
    if sbd is not None:
        more, sbd_faults = _open_sbd(sbd)
        val = splits.get("val", more.get("val", ()))
        held_out = {pair.name for pair in val}
        both = {pair.name: pair for pairs in (*more.values(), splits.get("train", ())) for pair in pairs}
        extra = more.get("train", ()) if voc is None else tuple(both[name] for name in sorted(both))
        splits |= {"train": tuple(pair for pair in extra if pair.name not in held_out), "val": val}
        faults["train"] = (*faults.get("train", ()), *sbd_faults)
        notes += ("SBD found: its masks join train, without the pictures of val",) if voc is not None else ()
    if not any(splits.values()):
        raise DataError(f"{request.root}: no picture has a mask; expected JPEGImages/NAME.jpg for each mask")
    if "train" not in splits and "val" not in splits:
        splits, note = request.split(next(iter(splits.values())))
    else:
        splits, note = request.complete(splits)
    faults = {name: (*faults.get(name, ()), *faults.get("", ())) for name in splits}
    if not by_color:
        void += "; value 255 (the outlines) is void and ignored"
        sure = description.class_names == NAMES or _in_vocs_colors(description, splits)
        description = replace(description, standard_colors=sure)
    return Layout(splits, description, by_color, (void, *notes, note), faults)


def _classes(voc: Path | None) -> tuple[bool, Description, str]:
    """Return whether masks are read by colour, the classes and a note: those of a file, or PASCAL VOC's."""
    places = [voc / name for name in (_LABEL_MAP, *_CLASS_NAMES)] if voc is not None else []
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return False, _by_value(NAMES), "the classes are those of PASCAL VOC"
    if path.name == _LABEL_MAP:
        return True, read_label_map(path), f"colour-coded masks by {_LABEL_MAP}"
    lines = read_lines(path, "a class a line")
    names = [BACKGROUND if line == "_background_" else line for line in lines if line != "__ignore__"]
    bare = not names or names[0].casefold() != BACKGROUND
    names = [BACKGROUND, *names] if bare else names
    if len(names) < 2 or len(set(names)) < len(names) or len(names) > IGNORE_INDEX:
        raise DataError(
            f"{path}: names {len(set(names))} classes in {len(names)} lines, expected up to {IGNORE_INDEX}, "
            "each once: correct it"
        )
    behind = f", behind {BACKGROUND}, which is 0" if bare else ""
    return False, _by_value(names), f"the classes are those of {path.name}{behind}"


def _by_value(names: Sequence[str]) -> Description:
    """Return classes by their place, in VOC's colours."""
    colors = {value: voc_color(value) for value in range(len(names))}
    colors[IGNORE_INDEX] = _VOID
    return Description(dict(enumerate(names)), colors, ignore=(IGNORE_INDEX,))


def _in_vocs_colors(description: Description, splits: Mapping[str, tuple[Pair, ...]]) -> bool:
    """Say whether a mask has VOC's palette, as all have that labelme2voc wrote; else colours are for show."""
    wanted = bytes(part for value in description.names for part in description.colors[value])
    masks = (pair.mask for pairs in splits.values() for pair in pairs)
    return any(isinstance(mask, Path) and palette_in_head(mask).startswith(wanted) for mask in masks)


def _listed(root: Path) -> tuple[dict[str, tuple[Pair, ...]], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the pairs, what is wrong with files, and notes, by the lists in ImageSets/Segmentation."""
    masks, _ = by_name(root / "SegmentationClass", "masks")
    entries, notes = read_lists(root, masks)
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, tuple[str, ...]] = {}
    for split, list_of in entries.items():
        if split == "test" and not any(name in masks for name in list_of):
            continue  # the masks of VOC's test set are not public
        found = {name: find_picture(name, [root / "JPEGImages", root / "images", root]) for name in list_of}
        there = {name: image for name, image in found.items() if image is not None and name in masks}
        pairs = [Pair(name, image, masks[name]) for name, image in there.items()]
        splits[split] = tuple(sorted(pairs, key=lambda pair: pair.name))
        faults[split] = tuple(
            f"{path}: names '{name}', but {where} is missing: add it, or take it off the list"
            for name, path in list_of.items()
            for where, exists in (
                (root / "SegmentationClass" / f"{name}.png", name in masks),
                (root / "JPEGImages" / f"{name}.jpg", found[name]),
            )
            if not exists
        )
        if faults[split] and not pairs:
            raise none_left(faults[split])
    return splits, faults, notes


def find_picture(name: str, folders: list[Path]) -> Path | None:
    """Return the picture of a name without suffix in the first folder that has it."""
    for folder in folders:
        for suffix in sorted(IMAGE_SUFFIXES, key=lambda suffix: suffix != ".jpg"):
            for ending in (suffix, suffix.upper()):
                if (path := find_file(name + ending, [folder])) is not None:
                    return path
    return None


def _open_sbd(root: Path) -> tuple[dict[str, tuple[Pair, ...]], tuple[str, ...]]:
    require("scipy")
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: list[str] = []
    for split in ("train", "val"):
        path = root / f"{split}.txt"
        names = list(dict.fromkeys(read_lines(path, "a list of names"))) if path.is_file() else []
        if split == "train" and not names:
            names = sorted(file.stem for file in (root / "cls").glob("*.mat"))
        pairs = []
        for name in names:
            image, mask = find_picture(name, [root / "img"]), find_file(f"{name}.mat", [root / "cls"])
            if image and mask:
                pairs.append(Pair(name, image, MatMask(mask)))
            else:
                lacking = root / "cls" / f"{name}.mat" if image else root / "img" / f"{name}.jpg"
                faults.append(
                    f"{path}: names '{name}', but {lacking} is missing: add it, or take it off the list"
                )
        if pairs:
            splits[split] = tuple(pairs)
    return splits, tuple(faults)


def read_label_map(path: Path) -> Description:
    """Read the labelmap.txt of CVAT's "segmentation mask" export: lines name:r,g,b:parts:actions.

    A line is a class, in the order of the file; a class named void or ignore is ignored.

    Raises:
        DataError: a line is none of these, or two have one name.
    """
    names: dict[int, str] = {}
    colors: dict[int, Color] = {}
    ignored: list[Color] = []
    with reading(path, "lines NAME:R,G,B:PARTS:ACTIONS"):
        for line in read_lines(path, "lines NAME:R,G,B:PARTS:ACTIONS"):
            if line.startswith("#"):
                continue
            name, rgb = _fields(line)
            if name in names.values():
                raise DataError(f"the class '{name}' stands there twice: remove one of them")
            if name.lower() in ("void", "ignore", "ignored"):
                ignored.append(rgb)
            else:
                names[len(names)] = name
                colors[len(colors)] = rgb
    if not names:
        raise DataError(f"{path}: names no class; expected lines NAME:R,G,B:PARTS:ACTIONS")
    return Description(names, colors, ignore_colors=tuple(ignored))


def _fields(line: str) -> tuple[str, Color]:
    name, rgb, *_ = line.split(":")
    return name.strip(), as_color([int(part) for part in rgb.split(",")])


FORMAT = Format(
    "voc", "SegmentationClass/ with ImageSets/ and JPEGImages/, or SBD's cls/ and img/", looks_like, open_voc
)
