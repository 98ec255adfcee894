"""Ultralytics YAML: polygons in labels/*.txt, or masks in `masks_dir` with `label_mapping`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...labels import IGNORE_INDEX
from ..choices import CHOICES, read_choices
from ..description import Description, load_yaml
from ..image import IMAGE_SUFFIXES
from ..listing import name_below, picture_files
from ..pairs import Pair
from .base import Format, Layout, Request
from .drawing import Canvas, Outline, Region, plan
from .reading import as_points, collecting, files_with, none_left, peek, read_lines, reading

_WHAT = "an Ultralytics data set with train, val and names"
_LINES = "lines CLASS X Y X Y ..."
_SPLITS = ("train", "val", "test")
_MASK_SUFFIXES = (".png", ".PNG", ".bmp", ".tif")


def _yaml(root: Path) -> list[Path]:
    """Return the YAML files that name a train (or val) and names."""
    files = files_with(root, ".yaml", depth=0) + files_with(root, ".yml", depth=0)
    return [path for path in files if _is_ultralytics(path)]


def _is_ultralytics(path: Path) -> bool:
    lines = peek(path).splitlines()
    keys = {line.partition(b":")[0].strip(b" \"'") for line in lines if line[:1] not in (b" ", b"#", b"-")}
    return b"names" in keys and bool({b"train", b"val"} & keys)


def looks_like(root: Path) -> bool:
    """Say whether there is a YAML file with Ultralytics' keys."""
    return bool(_yaml(root))


def open_yolo(request: Request) -> Layout:
    """Open the data set that a YAML file describes.

    Raises:
        DataError: there is not one such file, or it or a label file is not what it should be.
    """
    files = _yaml(request.root)
    if len(files) != 1:
        listed = ", ".join(path.name for path in files) or "none"
        raise DataError(
            f"{request.root}: expected one YAML file of {_WHAT}, found {listed}; give the file as DATA"
        )
    path = files[0]
    with reading(path, _WHAT):
        content = load_yaml(path)
        if not isinstance(content, dict):
            raise DataError(f"holds no entries, expected {_WHAT}")
        own = read_choices({key: content[key] for key in CHOICES if key in content})
        decided = {key: getattr(request.choices, key) for key in CHOICES}
        choices = replace(own, **{key: value for key, value in decided.items() if value})
        names = _names(content["names"])
        images = {split: _images(path, content, split) for split in _SPLITS if content.get(split)}
    if content.get("masks_dir"):
        return _open_masks(replace(request, choices=choices), path, content, names, images)
    return _open_polygons(replace(request, choices=choices), names, images)


def _names(content: Any) -> dict[int, str]:
    entries = enumerate(content) if isinstance(content, list) else content.items()
    names = {int(number): str(name).strip() for number, name in entries}
    doubled = {name for name in names.values() if list(names.values()).count(name) > 1}
    if doubled or not names:
        raise DataError(f"names must differ, found twice: {', '.join(sorted(doubled)) or 'none at all'}")
    return dict(sorted(names.items()))


def _images(path: Path, content: Mapping[str, Any], split: str) -> list[tuple[str, Path]]:
    """Return the pictures of a split with their names: of folders, or of text files that list them.

    A picture that stands there more than once counts once.
    """
    base = path.parent / str(content.get("path") or ".")
    if not base.is_dir():
        base = path.parent  # exports name the folder that they lay in
    entries = content[split] if isinstance(content[split], list) else [content[split]]
    found: dict[Path, str] = {}
    for entry in entries:
        place = _place(base, path.parent, str(entry))
        if place.is_dir():
            for file in picture_files(place):
                found.setdefault(file, name_below(place, file))
        elif place.is_file():
            for line in map(_slashed, read_lines(place, "a list of pictures")):
                file = (place.parent / line) if line.startswith("./") else (base / line)
                found.setdefault(file, file.stem)
        elif split != "test":
            raise DataError(
                f"{split} is {entry}, which is neither a folder nor a file below {base}; correct the path"
            )
    return [(name, file) for file, name in found.items()]


def _place(base: Path, beside: Path, entry: str) -> Path:
    """Return where an entry lies; Roboflow says ../train/images for a folder beside the YAML file."""
    entry = _slashed(entry)
    own = beside.joinpath(*(part for part in Path(entry).parts if part != ".."))
    places = [base / entry, beside / entry, own]
    if entry.startswith("../"):  # where another data set may lie
        places.insert(0, places.pop())
    return next((place for place in places if place.exists()), base / entry)


def _slashed(path: str) -> str:
    """Return a path as Windows writes it with the slashes of all others."""
    return path.replace("\\", "/")


def _beside(image: Path, folder: str) -> Path:
    """Return the path with its last folder "images" replaced, as Ultralytics finds labels and masks."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = folder
            break
    return Path(*parts)


def _open_polygons(
    request: Request, names: dict[int, str], images: Mapping[str, list[tuple[str, Path]]]
) -> Layout:
    canvas = plan(list(names.values()), request.choices)
    values = {number: canvas.values[name] for number, name in names.items()}
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, list[str]] = {}
    empty = 0
    for split, files in images.items():
        pairs = []
        faults[split] = []
        for name, image in files:
            label = _beside(image, "labels").with_suffix(".txt")
            if not image.is_file():
                faults[split].append(f"{image}: is on a list, but missing: add it, or take it off the list")
                continue
            with collecting(faults[split], label, _LINES):
                regions = _regions(label, values) if label.is_file() else []
                empty += not regions
                pairs.append(Pair(name, image, canvas.mask(str(label), image, None, regions)))
        if not pairs and any(image.is_file() for _, image in files):  # all are spoilt
            raise none_left(faults[split])
        splits[split] = tuple(pairs)
    return _layout(request, splits, faults, canvas.description, (*canvas.notes, *_empty_note(empty, canvas)))


def _empty_note(empty: int, canvas: Canvas) -> tuple[str, ...]:
    rest = "ignored" if canvas.base == canvas.ignore else "background"
    return (
        (f"{empty} pictures without a label file, or with an empty one, are {rest} alone",) if empty else ()
    )


def _regions(path: Path, values: Mapping[int, int]) -> list[Region]:
    """Return the polygons of a label file: lines CLASS X Y X Y ..., in shares of width and height."""
    regions: list[Region] = []
    for number, line in enumerate(read_lines(path, _LINES), start=1):
        with reading(path, f"{_LINES} (line {number})"):
            first, *rest = line.split()
            if int(first) not in values:
                raise DataError(
                    f"line {number} has the class {first}, which is not under names: 0 to {max(values)}"
                )
            if len(rest) == 4:
                raise DataError(f"line {number} is a box, or two points; expected the outline of an area")
            points = as_points([float(word) for word in rest])
            if points.min() < -1 or points.max() > 2:
                raise DataError(f"line {number} has a point far outside of 0 to 1")
            regions.append(Outline(values[int(first)], (points,), relative=True))
    return regions


def _open_masks(
    request: Request,
    path: Path,
    content: Mapping[str, Any],
    names: dict[int, str],
    images: Mapping[str, list[tuple[str, Path]]],
) -> Layout:
    with reading(path, _WHAT):
        description = _mapped(names, content.get("label_mapping"))
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, list[str]] = {}
    for split, files in images.items():
        pairs = []
        faults[split] = []
        for name, image in files:
            place = _beside(image, str(content["masks_dir"]))
            suffixes = (*_MASK_SUFFIXES, *sorted(IMAGE_SUFFIXES))
            mask = next((file for suffix in suffixes if (file := place.with_suffix(suffix)).is_file()), None)
            if mask is None or mask == image:
                faults[split].append(f"{image}: has no mask; expected {place.with_suffix('.png')}: add it")
            else:
                pairs.append(Pair(name, image, mask))
        splits[split] = tuple(pairs)
    return _layout(request, splits, faults, description, ("value 255 in the masks is ignored",))


def _mapped(names: dict[int, str], mapping: Any) -> Description:
    """Return what values mean: by `label_mapping`, the class of each value, or as they are."""
    targets = {int(value): int(id_) for value, id_ in (mapping or {id_: id_ for id_ in names}).items()}
    unknown = {id_ for id_ in targets.values() if id_ != IGNORE_INDEX and id_ not in names}
    if unknown:
        raise DataError(
            f"label_mapping leads to {min(unknown)}, expected a number under names, or 255 for ignored"
        )
    named = {value: names[id_] for value, id_ in targets.items() if id_ != IGNORE_INDEX and value >= 0}
    ignored = {value for value, id_ in targets.items() if id_ == IGNORE_INDEX and value >= 0}
    ignored |= {IGNORE_INDEX} - set(named)
    missing = [name for name in names.values() if name not in named.values()]
    if missing:
        raise DataError(f"label_mapping has no value for {', '.join(missing)}; add it, or take the name out")
    return Description(named, ignore=tuple(sorted(ignored)), order=tuple(names.values()))


def _layout(
    request: Request,
    splits: dict[str, tuple[Pair, ...]],
    faults: Mapping[str, list[str]],
    description: Description,
    notes: tuple[str, ...],
) -> Layout:
    if not any(splits.values()):
        first = next(
            (line for lines in faults.values() for line in lines), f"{request.root}: holds no picture"
        )
        raise DataError(first)
    ordered, note = request.complete({name: pairs for name, pairs in splits.items() if pairs})
    known = {name: tuple(faults.get(name, ())) for name in ordered}
    return Layout(ordered, description, notes=(*notes, note), faults=known, choices=request.choices)


FORMAT = Format("yolo", "a .yaml with Ultralytics' train, val and names", looks_like, open_yolo)
