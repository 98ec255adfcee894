"""CVAT for images: annotations.xml with polygons, boxes, ellipses and masks, beside the pictures.

CVAT's other export, "segmentation mask", is laid out like PASCAL VOC and read by `voc`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from ...errors import DataError
from ...labels import Color, as_color
from ..listing import name_in
from ..pairs import Pair
from ..splits import in_split, split_of
from .base import Format, Layout, Request
from .drawing import Canvas, Outline, Patch, Region, Stamp, box, ellipse, plan, turned
from .reading import (
    Points,
    as_points,
    as_size,
    collecting,
    files_with,
    find_files,
    missing,
    none_left,
    peek,
    read_xml,
    reading,
)

_WHAT = "annotations of CVAT for images 1.1"
_THIN = ("polyline", "points", "tag", "cuboid", "skeleton")


def looks_like(root: Path) -> bool:
    """Say whether there is an XML file with CVAT's annotations of images."""
    return bool(_files(root))


def _files(root: Path) -> list[Path]:
    return [path for path in files_with(root, ".xml") if _is_cvat(path)]


def _is_cvat(path: Path) -> bool:
    text = peek(path)
    return b"<annotations>" in text and b"<image " in text


def open_cvat(request: Request) -> Layout:
    """Open all annotation files of a folder, or one; classes and colours are those of the task's labels.

    Raises:
        DataError: a file is not what it should be, or no picture is there.
    """
    files = _files(request.root)
    if not files:
        raise DataError(f"{request.root}: holds no .xml file with {_WHAT}")
    trees = {path: read_xml(path, _WHAT) for path in files}
    colors: dict[str, Color | None] = {}
    for path, tree in trees.items():
        with reading(path, _WHAT):
            for name, color in _labels(tree):
                colors[name] = colors.get(name) or color
    given = {name: color for name, color in colors.items() if color is not None}
    canvas = plan(list(colors), request.choices, colors=given)

    pairs: list[Pair] = []
    faults: list[str] = []
    images = _images(trees)
    for (path, entry), image in images:
        name = entry.attrib["name"]
        if image is None:
            faults.append(missing(path, name))
        else:
            with collecting(faults, f"{path}: image {name}", _WHAT):
                pairs.append(_pair(path, entry, image, canvas, split_of(path, request.root)))
    thin = sum(shape.tag in _THIN for (_, entry), _ in images for shape in entry)
    if not pairs:
        raise none_left(faults or [f"{files[0]}: names no picture"])
    splits, note = request.split(tuple(sorted(pairs, key=lambda pair: pair.name)))
    notes = (*canvas.notes, note)
    if thin:
        notes += (f"{thin} points, lines and tags cover no area and are left out",)
    return Layout(splits, canvas.description, notes=notes, faults=dict.fromkeys(splits, tuple(faults)))


def _labels(tree: Element) -> Iterator[tuple[str, Color | None]]:
    """Return names and colours of the labels in a task's meta; names of shapes where it has none."""
    labels = [label for label in tree.iter("label") if label.findtext("name")]
    for label in labels:
        color = label.findtext("color")
        yield str(label.findtext("name")).strip(), as_color(color) if color else None
    if not labels:
        for name in sorted({shape.attrib["label"] for image in tree.iter("image") for shape in image}):
            yield name, None


def _images(trees: Mapping[Path, Element]) -> list[tuple[tuple[Path, Element], Path | None]]:
    """Return the entries of all pictures, with the file that each is in, and where the pictures are."""
    entries = [(path, entry) for path, tree in trees.items() for entry in tree.iter("image")]
    wanted: list[tuple[str, list[Path]]] = []
    for path, entry in entries:
        with reading(path, _WHAT):
            folders = ("", "images", f"images/{entry.get('subset', '')}")
            wanted.append((entry.attrib["name"], [path.parent / folder for folder in folders]))
    return list(zip(entries, find_files(wanted), strict=True))


def _pair(path: Path, entry: Element, image: Path, canvas: Canvas, split: str) -> Pair:
    name = entry.attrib["name"]
    size = as_size(entry.attrib["height"], entry.attrib["width"])
    shapes = sorted(entry, key=lambda shape: int(shape.get("z_order", 0)))
    regions: list[Region] = []
    for shape in shapes:
        if shape.tag in _THIN:
            continue
        if shape.attrib["label"] not in canvas.values:
            raise DataError(f"has a {shape.tag} of the label {shape.attrib['label']!r}, not in meta")
        regions.append(_region(shape, canvas.values))
    subset = entry.get("subset", "").lower()
    split = split if subset in ("", "default") else subset
    return Pair(
        in_split(split, name_in(name)), image, canvas.mask(f"{path}: image {name}", image, size, regions)
    )


def _region(shape: Element, values: Mapping[str, int]) -> Region:
    value, numbers = values[shape.attrib["label"]], shape.attrib
    if shape.tag == "mask":
        return Stamp(value, _patch(numbers))
    return Outline(value, (_corners(shape),))


def _corners(shape: Element) -> Points:
    """Return a polygon, box or ellipse as an outline."""
    numbers, turn = shape.attrib, float(shape.get("rotation", 0))
    if shape.tag == "polygon":
        return as_points(
            [[float(part) for part in point.split(",")] for point in numbers["points"].split(";")]
        )
    if shape.tag == "box":
        left, top, right, bottom = (float(numbers[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
        middle = (left + right) / 2, (top + bottom) / 2
        return as_points(turned(box(left, top, right, bottom), turn, middle))
    if shape.tag == "ellipse":
        x, y, radius_x, radius_y = (float(numbers[key]) for key in ("cx", "cy", "rx", "ry"))
        return as_points(ellipse(x, y, radius_x, radius_y, turn))
    raise DataError(f"holds a shape of the type {shape.tag}, expected polygon, box, ellipse or mask")


def _patch(numbers: Mapping[str, str]) -> Patch:
    """Return a brush mask: run lengths, first of what is outside, row by row in its box."""
    top, left = int(float(numbers["top"])), int(float(numbers["left"]))
    height, width = as_size(float(numbers["height"]), float(numbers["width"]))
    counts = np.array([int(count) for count in numbers["rle"].split(",")], np.int64)
    if counts.min() < 0 or counts.max() > height * width or counts.sum() != height * width:
        raise DataError(f"the run lengths of a mask do not add up to its {height} x {width} pixels")
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return Patch(top, left, inside.reshape(height, width))


FORMAT = Format("cvat", "CVAT's annotations.xml with images/", looks_like, open_cvat)
