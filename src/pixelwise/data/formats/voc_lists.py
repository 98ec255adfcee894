"""The lists in VOC's ImageSets/Segmentation: which pictures they name, and in which split."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from ...errors import DataError
from ..image import IMAGE_SUFFIXES
from ..splits import split_called
from .reading import read_lines

_LISTS = Path("ImageSets", "Segmentation")


def read_lists(root: Path, masks: Collection[str]) -> tuple[dict[str, dict[str, Path]], tuple[str, ...]]:
    """Return the names of each split, "" where none is told, with the list that each stands in, and notes.

    Lists that tell no split, such as trainval.txt, are train if others tell val or test alone, without the
    names of those; where some tell train, what these lack is left out.

    Raises:
        DataError: a list that is needed is empty, or cannot be read.
    """
    files = sorted((root / _LISTS).glob("*.txt"))
    if not files:
        return {"": dict.fromkeys(sorted(masks), root / "SegmentationClass")}, ()
    named: dict[str, dict[str, Path]] = {}
    for path in files:
        lines, split = read_lines(path, "a list of names"), split_called(path.stem) or ""
        if not lines and (split in ("train", "val") or len(files) == 1):
            raise DataError(f"{path}: is empty, expected names of pictures: fill it, or delete it")
        names = named.setdefault(split, {})
        for line in lines:
            names.setdefault(_name(line, masks), path)
    rest = named.pop("", {})
    if not named:
        return {"": rest}, ()
    rest = {name: path for name, path in rest.items() if not any(name in names for names in named.values())}
    if not rest:
        return named, ()
    lists = ", ".join(sorted({path.name for path in rest.values()}))
    if "train" not in named:
        return named | {"train": rest}, (f"what {lists} alone names, {len(rest)} pictures, is train",)
    return named, (f"what {lists} alone names, {len(rest)} pictures, is in no split and left out",)


def _name(line: str, masks: Collection[str]) -> str:
    """Return the name in a line of a list: what a mask is called by, else what a person would take it for.

    A name may be in quotes, followed by 1, 0 or -1 as in the lists of VOC's classes, or be the paths of a
    picture and its mask.
    """
    line = unicodedata.normalize("NFC", line)
    quoted = re.match('"([^"]+)"', line)
    bare = quoted[1] if quoted else re.sub(r"\s+-?[01]$", "", line)
    words = [PurePosixPath(word) for word in reversed(line.split())]
    stems = [word.stem for word in words if len(word.parts) > 1 or word.suffix.lower() in IMAGE_SUFFIXES]
    named = (name for name in (line, bare, line.split()[0], *stems) if name in masks)
    return next(named, stems[0] if stems else bare)
