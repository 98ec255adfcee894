"""LabelMe: one JSON file a picture, with polygons, rectangles, circles and small masks."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import DataError
from ..image import IMAGE_SUFFIXES, MAX_PIXELS
from ..listing import name_below
from ..pairs import Pair
from .base import Format, Layout, Request
from .drawing import Outline, Patch, Region, Stamp, box, ellipse, plan
from .reading import (
    Points,
    as_points,
    as_size,
    collecting,
    files_with,
    find_files,
    holds,
    in_arrays,
    missing,
    none_left,
    peek,
    read_json,
    read_lines,
    reading,
)

_WHAT = "annotations of LabelMe with shapes and imagePath"
_DEPTH = 4
_THIN = ("point", "points", "line", "linestrip")
_IGNORED = "__ignore__"
_UNLABELLED = "_background_"


def looks_like(root: Path) -> bool:
    """Say whether one of the first JSON files there has LabelMe's keys."""
    return any(_is_labelme(path) for path in _files(root)[:20])


def _files(root: Path) -> list[Path]:
    return files_with(root, ".json", _DEPTH)


def _is_labelme(path: Path) -> bool:
    text, key = peek(path), b'"imagePath"'  # which stands behind the shapes, and before the picture itself
    return text.lstrip()[:1] == b"{" and b'"shapes"' in text and (key in text or holds(path, key))


def open_labelme(request: Request) -> Layout:
    """Open all LabelMe files below a folder; classes are those of labels.txt, or all labels in order.

    Raises:
        DataError: a file is not what it should be, or no picture is there.
    """
    files: list[Path] = []
    others: list[Path] = []
    for path in _files(request.root):
        (files if _is_labelme(path) else others).append(path)
    if not files:
        raise DataError(f"{request.root}: holds no .json file with {_WHAT}")
    root = request.root if request.root.is_dir() else request.root.parent
    contents = {path: _read(path) for path in files}
    used = sorted({shape["label"] for content in contents.values() for shape in content["shapes"]})
    listed = read_lines(root / "labels.txt", "a class a line") if (root / "labels.txt").is_file() else []
    special = (_IGNORED, _UNLABELLED)
    names = [name for name in dict.fromkeys((*listed, *used)) if name not in special]
    canvas = plan(names, request.choices)
    values = canvas.values | {_IGNORED: canvas.ignore, _UNLABELLED: canvas.base}

    pairs: list[Pair] = []
    faults = [
        f"{path}: lies beside a picture of its name, and holds no {_WHAT}: it may be empty or cut off; label "
        "the picture again, or move the file elsewhere"
        for path in others
        if any(path.with_suffix(suffix).exists() for suffix in IMAGE_SUFFIXES)
    ]
    thin = 0
    images = find_files(
        [
            (content["imagePath"], [path.parent, path.parent.parent / "images", root])
            for path, content in contents.items()
        ]
    )
    claims: dict[Path | None, list[Path]] = defaultdict(list)
    for path, image in zip(contents, images, strict=True):
        claims[image].append(path)
    for (path, content), image in zip(contents.items(), images, strict=True):
        if image is None:
            faults.append(missing(path, content["imagePath"], "put it beside"))
            continue
        if path != _owner(image, claims[image]):
            faults.append(
                f"{path}: names the picture {content['imagePath']}; {image} has that name, but another file "
                "names it, too: put the picture of this file beside it, or delete this file"
            )
            continue
        with collecting(faults, path, _WHAT):
            regions = list(_regions(content["shapes"], values))
            mask = canvas.mask(str(path), image, _size(content), regions)
            thin += len(content["shapes"]) - len(regions)
            pairs.append(Pair(name_below(root, path), image, mask))
    if not pairs:
        raise none_left(faults)
    splits, note = request.split(tuple(pairs))
    notes = (*canvas.notes, note)
    if thin:
        notes += (f"{thin} points and lines cover no area and are left out",)
    return Layout(splits, canvas.description, notes=notes, faults=dict.fromkeys(splits, tuple(faults)))


def _owner(image: Path, files: list[Path]) -> Path | None:
    """Return which of the files that name a picture is its own: that of its name, or the only one beside."""
    if len(files) == 1:
        return files[0]
    beside = [path for path in files if path.parent == image.parent]
    own = [path for path in beside if path.stem == image.stem] or beside
    return own[0] if len(own) == 1 else None


def _read(path: Path) -> Mapping[str, Any]:
    """Return what is needed of a file: without the picture that it may hold."""
    content = read_json(path, _WHAT, in_arrays)
    with reading(path, _WHAT):
        shapes = [{**shape, "label": str(shape["label"])} for shape in content["shapes"]]
        kept = {key: content.get(key) for key in ("imageHeight", "imageWidth")}
        return {**kept, "shapes": shapes, "imagePath": str(content["imagePath"])}


def _size(content: Mapping[str, Any]) -> tuple[int, int] | None:
    height, width = content["imageHeight"], content["imageWidth"]
    return as_size(height, width) if height and width else None


def _regions(shapes: list[Mapping[str, Any]], values: Mapping[str, int]) -> Iterator[Region]:
    for shape in shapes:
        kind, value = shape.get("shape_type") or "polygon", values[shape["label"]]
        points = np.asarray(shape["points"], np.float64).reshape(-1, 2)
        if kind == "mask":
            yield Stamp(value, _patch(shape["mask"], points))
        elif kind not in _THIN:
            yield Outline(value, (_corners(kind, points),))


def _corners(kind: str, points: Points) -> Points:
    """Return a shape as an outline.

    Raises:
        DataError: there is no such shape.
    """
    if kind in ("polygon", "oriented_rectangle"):
        return as_points(points)
    (x, y), (other_x, other_y) = points[:2]
    if kind == "rectangle":
        return as_points(box(min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y)))
    if kind == "circle":
        radius = float(np.hypot(other_x - x, other_y - y))
        return as_points(ellipse(x, y, radius, radius))
    raise DataError(f"holds a shape of the type {kind!r}, expected polygon, rectangle, circle or mask")


def _patch(text: str, points: Points) -> Patch:
    """Return a mask that stands as a PNG in base64, at its box."""
    with Image.open(io.BytesIO(base64.b64decode(text)), formats=("PNG",)) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise DataError("holds a mask that is larger than any picture may be")
        inside: NDArray[np.bool_] = np.asarray(picture.convert("L")) > 0
    left, top = np.floor(as_points([*points.ravel(), 0, 0]))[0]
    return Patch(int(top), int(left), inside)


FORMAT = Format("labelme", "LabelMe's .json files beside their pictures", looks_like, open_labelme)
