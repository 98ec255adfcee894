"""COCO JSON: things and stuff, as polygons or run lengths, drawn by pycocotools like its own masks."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError, ImageError
from ...extras import require
from ..image import read_size
from ..listing import name_in
from ..pairs import Pair
from ..splits import split_of
from .base import Format, Layout, Request
from .coco_region import CocoRegion, segmentation_of
from .drawing import Canvas, Region, Size, plan
from .reading import (
    as_size,
    collecting,
    files_with,
    find_files,
    holds,
    is_hidden,
    missing,
    none_left,
    peek,
    read_json,
    reading,
)

_WHAT = "COCO annotations with images, annotations and categories"
_OTHER_KINDS = ("captions", "person_keypoints", "panoptic", "image_info")


def looks_like(root: Path) -> bool:
    """Say whether there is a JSON file with COCO's keys, in the folder or one below."""
    return bool(_files(root))


def _files(root: Path) -> list[Path]:
    jobs = sorted(root.glob("*/annotations/*.json")) if root.is_dir() else []
    shown = (path for path in jobs if not is_hidden(path, root))
    return [path for path in (*files_with(root, ".json"), *shown) if _is_coco(path)]


def _is_coco(path: Path) -> bool:
    if path.name.startswith(_OTHER_KINDS):
        return False
    text = peek(path)
    if text.lstrip()[:1] != b"{" or b'"shapes"' in text:
        return False
    keys = [f'"{key}"'.encode() for key in ("images", "annotations", "categories")]
    seen = sum(key in text for key in keys)
    return seen >= 2 or (seen == 1 and sum(holds(path, key) for key in keys) >= 2)


def open_coco(request: Request) -> Layout:
    """Open all COCO files of a folder, or one; files of one split, such as things and stuff, add up.

    Raises:
        DataError: a file is not what it should be, or two give one class number two names.
    """
    require("pycocotools")
    files = _files(request.root) or files_with(request.root, ".json")
    if not files:
        raise DataError(f"{request.root}: holds no .json file with {_WHAT}")
    split_of, split_note = _by_split(files, request.root)
    contents = {path: _read(path) for path in sorted(split_of, key=lambda path: (not _is_stuff(path), path))}
    names = _categories(contents)
    whole = any(_is_stuff(path) for path in contents)
    canvas = plan(list(names.values()), request.choices, whole=whole)
    values = {number: canvas.values[name] for number, name in names.items()}

    images = _find_images(contents)
    by_split: dict[str, dict[str, _Picture]] = defaultdict(dict)
    faults: dict[str, list[str]] = defaultdict(list)
    boxes = 0
    for path, content in contents.items():
        split = split_of[path]
        with reading(path, _WHAT):
            boxes += sum(not entry.get("segmentation") for entry in content["annotations"])
            _collect(path, content, images, values, canvas.ignore, by_split[split], faults[split])
    if "" in by_split and len(by_split) > 1:
        elsewhere = {image for name, pictures in by_split.items() if name for image in pictures}
        rest = by_split.pop("")
        by_split["train"] = {image: rest[image] for image in rest if image not in elsewhere}
        faults["train"] = faults.pop("")
    splits = {name: _pairs(by_split[name].values(), canvas, faults[name]) for name in sorted(by_split)}
    if not any(splits.values()):
        first = next((line for lines in faults.values() for line in lines), f"{files[0]}: names no picture")
        raise DataError(first)
    if "" in splits:
        ordered, note = request.split(splits[""])
        faults = defaultdict(list, dict.fromkeys(ordered, faults[""]))
    else:
        ordered, note = request.complete(
            {name: splits[name] for name in ("train", "val", "test") if name in splits}
        )
    notes = (*canvas.notes, "crowds (iscrowd) are ignored", *split_note, note)
    if boxes:
        notes += (f"{boxes} annotations are boxes without an outline and are left out, as if not there",)
    return Layout(
        ordered, canvas.description, notes=notes, faults={name: tuple(faults[name]) for name in ordered}
    )


def _read(path: Path) -> Mapping[str, Any]:
    content = read_json(path, _WHAT, _lean)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    ):
        raise DataError(f"{path}: lacks a list images, annotations or categories; expected {_WHAT}")
    return content


def _lean(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an object of the file with its polygons in arrays; lists take four times the memory."""
    if isinstance(entry.get("segmentation"), list):
        with suppress(TypeError, OverflowError):  # none that can be drawn, which is said later
            entry["segmentation"] = [array("d", polygon) for polygon in entry["segmentation"]]
    return entry


def _is_stuff(path: Path) -> bool:
    return path.name.startswith("stuff")


def _by_split(files: Iterable[Path], root: Path) -> tuple[dict[Path, str], tuple[str, ...]]:
    """Return the split of each file that counts, "" where it tells none, and a note if only some tell one.

    Where some tell train, those that tell none are left out: they repeat pictures, or nobody knows for what
    they are. Where some tell val or test alone, the others are train, without the pictures of val and test.
    """
    splits = {path: split_of(path, root) for path in files}
    untold = [path for path, split in splits.items() if not split]
    if len(untold) in (0, len(splits)):
        return splits, ()
    names = ", ".join(path.relative_to(root).as_posix() for path in untold)
    told = " and ".join(sorted({split for split in splits.values() if split}))
    if "train" not in splits.values():
        return splits, (f"the pictures of {names} are train, without those of {told}",)
    kept = {path: split for path, split in splits.items() if split}
    return kept, (f"{names}: left out, since the name tells no split, and those of other files tell {told}",)


def _categories(contents: Mapping[Path, Mapping[str, Any]]) -> dict[int, str]:
    """Return the names of all categories by their numbers, ascending."""
    named: dict[int, tuple[str, Path]] = {}
    for path, content in contents.items():
        with reading(path, _WHAT):
            for entry in content["categories"]:
                number, name = int(entry["id"]), str(entry["name"]).strip()
                known, other = named.setdefault(number, (name, path))
                if known != name:
                    raise DataError(
                        f"category {number} is '{name}' here and '{known}' in {other}: use one name"
                    )
                if not name:
                    raise DataError(f"category {number} has no name: give it one")
    return {number: name for number, (name, _) in sorted(named.items())}


@dataclass(slots=True)
class _Picture:
    """A picture and the annotations in it, of all files of its split; spoilt if one of them is at fault."""

    name: str
    image: str
    origin: str
    size: Size
    regions: list[Region]
    crowds: list[Region]
    spoilt: bool = False


def _collect(
    path: Path,
    content: Mapping[str, Any],
    images: Mapping[tuple[Path, str], Path | None],
    values: Mapping[int, int],
    ignore: int,
    pictures: dict[str, _Picture],
    faults: list[str],
) -> None:
    """Add the pictures of one file, and their annotations."""
    numbers = _numbered(path, content, images, pictures, faults)
    annotations = content["annotations"][::-1]
    content["annotations"].clear()
    while annotations:  # each goes when it has been read: they are all that is large
        entry = annotations.pop()
        if entry["image_id"] not in numbers:
            raise DataError(
                f"annotation {entry.get('id')} belongs to image {entry['image_id']}, which is not there"
            )
        picture = numbers[entry["image_id"]]
        if picture is None or not entry.get("segmentation"):
            continue  # a box without an outline says nothing of pixels
        if entry["category_id"] not in values:
            number = entry["category_id"]
            raise DataError(f"annotation {entry.get('id')} has the category {number}, not among categories")
        told = len(faults)
        with collecting(faults, f"{path}: annotation {entry.get('id')} of {picture.name}", _WHAT):
            segmentation = segmentation_of(entry, picture.size)
            if entry.get("iscrowd"):
                picture.crowds.append(CocoRegion(ignore, segmentation))
            else:
                picture.regions.append(CocoRegion(values[entry["category_id"]], segmentation))
        picture.spoilt |= len(faults) > told


def _numbered(
    path: Path,
    content: Mapping[str, Any],
    images: Mapping[tuple[Path, str], Path | None],
    pictures: dict[str, _Picture],
    faults: list[str],
) -> dict[Any, _Picture | None]:
    """Add the pictures of one file, and return them by their numbers in it; None stands for one at fault."""
    numbers: dict[Any, _Picture | None] = {}
    for entry in content["images"]:
        file_name = str(entry["file_name"])
        if entry["id"] in numbers:
            raise DataError(f"two images have the id {entry['id']}: give each its own")
        image = images[path, file_name]
        if image is None:
            faults.append(missing(path, file_name, "add it, or take it out"))
            numbers[entry["id"]] = None
            continue
        origin = f"{path}: image {entry['id']} ({file_name})"
        try:
            size = _size(entry, image)
        except ImageError as error:
            faults.append(str(error))
            numbers[entry["id"]] = None
            continue
        name = name_in(file_name)
        known = pictures.setdefault(str(image), _Picture(name, str(image), origin, size, [], []))
        if known.size != size:
            raise DataError(
                f"image {entry['id']} ({file_name}) is {size} (height, width) here, but {known.size} in "
                f"{known.origin}: export both again, or take one out"
            )
        numbers[entry["id"]] = known
    return numbers


def _size(entry: Mapping[str, Any], image: Path) -> Size:
    """Return the size that an entry states, or the picture's own where it states none."""
    stated = entry.get("height"), entry.get("width")
    return read_size(image) if None in stated else as_size(*stated)


def _find_images(contents: Mapping[Path, Mapping[str, Any]]) -> dict[tuple[Path, str], Path | None]:
    """Return where the pictures are, by the JSON file and their name in it."""
    wanted: dict[tuple[Path, str], list[Path]] = {}
    for path, content in contents.items():
        folders = _folders(path)
        with reading(path, _WHAT):
            wanted |= {(path, str(entry["file_name"])): folders for entry in content["images"]}
    found = find_files([(name, folders) for (_, name), folders in wanted.items()])
    return dict(zip(wanted, found, strict=True))


def _folders(path: Path) -> list[Path]:
    """Return where the pictures of a JSON file may be: beside it, or in the folders that tools make."""
    here, above = path.parent, path.parent.parent
    split = path.stem.rpartition("_")[2]  # instances_train2017 -> train2017
    folders = [here, here / "images"]
    if here.name in ("annotations", "labels"):
        folders += [above / "images" / split, above / split, above / "images", above]
    return [*folders, here / "images" / split, here / split, here / path.stem]


def _pairs(pictures: Collection[_Picture], canvas: Canvas, faults: Sequence[str]) -> tuple[Pair, ...]:
    pairs = []
    for picture in pictures:
        if picture.spoilt:
            continue  # its fault is told
        image, regions = Path(picture.image), (*picture.crowds, *picture.regions)
        pairs.append(Pair(picture.name, image, canvas.mask(picture.origin, image, picture.size, regions)))
        picture.crowds, picture.regions = [], []
    if pictures and not pairs:  # all are spoilt
        raise none_left(faults)
    return tuple(sorted(pairs, key=lambda pair: pair.name))


FORMAT = Format("coco", "a .json with COCO's images, annotations and categories", looks_like, open_coco)
