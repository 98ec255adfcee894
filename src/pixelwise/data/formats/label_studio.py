"""Label Studio: a JSON export with polygons, boxes, ellipses and brush strokes, beside the pictures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..image import MAX_PIXELS
from ..pairs import Pair
from ..splits import in_split, split_of
from .base import Format, Layout, Request
from .drawing import Canvas, Outline, Patch, Region, Size, box, ellipse, plan
from .reading import (
    Points,
    as_points,
    as_size,
    collecting,
    files_with,
    find_files,
    in_arrays,
    last_part,
    missing,
    none_left,
    peek,
    read_json,
    reading,
)

_WHAT = "tasks of Label Studio's JSON export with data and annotations"
_KINDS = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels")


@dataclass(frozen=True, eq=False)
class Brush:
    """A brush stroke, packed as it stands in the file: unpacked, it fills four bytes a pixel.

    Attributes:
        value: Value of its class.
        packed: The run lengths.
        size: Height and width of the picture that it was painted on.
    """

    value: int
    packed: bytes
    size: Size

    def cover(self, size: Size) -> Patch:
        """Return the pixels that are not transparent.

        Raises:
            ValueError: it is damaged, or for a picture of another size.
        """
        if self.size != size:
            raise ValueError(f"a brush is for {self.size}, but its picture is {size} (height, width)")
        height, width = size
        alpha = decode_brush(self.packed, height * width * 4).reshape(height, width, 4)[..., 3]
        return Patch.around(alpha > 0)


def looks_like(root: Path) -> bool:
    """Say whether there is a JSON file with a list of Label Studio's tasks."""
    return bool(_files(root))


def _files(root: Path) -> list[Path]:
    return [path for path in files_with(root, ".json") if _is_label_studio(path)]


def _is_label_studio(path: Path) -> bool:
    text = peek(path)
    return text.lstrip()[:1] == b"[" and b'"annotations"' in text and b'"result"' in text


def open_label_studio(request: Request) -> Layout:
    """Open all exports of a folder, or one; of each task the newest annotation that is not cancelled.

    Raises:
        DataError: a file is not what it should be, or no picture is there.
    """
    files = _files(request.root)
    if not files:
        raise DataError(f"{request.root}: holds no .json file with {_WHAT}")
    tasks: list[tuple[Path, Any, list[Mapping[str, Any]]]] = []
    for path in files:
        content = read_json(path, _WHAT, in_arrays)
        with reading(path, _WHAT):
            tasks += [(path, task, _results(task)) for task in content if not _is_open(task)]
    labels: set[str] = set()
    for path, _, results in tasks:
        with reading(path, _WHAT):
            labels |= {_label(result) for result in results}
    canvas = plan(sorted(labels), request.choices)

    pairs: list[Pair] = []
    faults: list[str] = []
    wanted: list[tuple[str, list[Path]]] = []
    for path, task, _ in tasks:
        with reading(path, _WHAT):
            wanted.append((_picture(task), _folders(path)))
    images = find_files(wanted, _shorter)
    alike = Counter(_shorter(picture)[-1] for picture, _ in wanted)
    for (path, task, results), (picture, _), image in zip(tasks, wanted, images, strict=True):
        if image is None:
            *_, short = _shorter(picture)
            place = path.parent / "images" / (short if alike[short] == 1 else picture)
            faults.append(missing(path, picture, f"put it where it is found, such as {place}"))
            continue
        origin = f"{path}: task {task.get('id')}"
        name = in_split(split_of(path, request.root), image.stem)
        with collecting(faults, origin, _WHAT):
            pairs.append(_pair(origin, name, image, results, canvas))
    if not pairs:
        raise none_left(faults or [f"{files[0]}: holds no task that is annotated"])
    splits, note = request.split(tuple(sorted(pairs, key=lambda pair: pair.name)))
    notes = (*canvas.notes, note)
    return Layout(splits, canvas.description, notes=notes, faults=dict.fromkeys(splits, tuple(faults)))


def _is_open(task: Mapping[str, Any]) -> bool:
    """Say whether nobody has annotated a task: it says nothing of its picture."""
    return not [entry for entry in task["annotations"] if not entry.get("was_cancelled")]


def _results(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the regions of the newest annotation."""
    kept = [entry for entry in task["annotations"] if not entry.get("was_cancelled")]
    newest = max(kept, key=lambda entry: str(entry.get("updated_at") or ""))
    return [result for result in newest["result"] if result.get("type") in _KINDS]


def _label(result: Mapping[str, Any]) -> str:
    return str(result["value"][result["type"]][0])


def _picture(task: Mapping[str, Any]) -> str:
    """Return the path of a task's picture, as far as its address tells."""
    data = task["data"]
    address = data.get("image") or next((value for value in data.values() if isinstance(value, str)), None)
    if address is None:
        raise DataError("the data of a task holds no address of a picture")
    parts = urlsplit(str(address))
    local = parse_qs(parts.query).get("d")  # /data/local-files/?d=folder/a.jpg
    return unquote(local[0] if local else parts.path).lstrip("/")


def _shorter(picture: str) -> tuple[str, ...]:
    """Return the last part of a path, and that without the "1a2b3c4d-" that uploads are given."""
    (last,) = last_part(picture)
    return last, re.sub(r"^[0-9a-f]{8}-", "", last)


def _folders(path: Path) -> list[Path]:
    return [path.parent, path.parent / "images", path.parent.parent / "images", path.parent.parent]


def _pair(origin: str, name: str, image: Path, results: list[Mapping[str, Any]], canvas: Canvas) -> Pair:
    sizes = {as_size(result["original_height"], result["original_width"]) for result in results}
    if len(sizes) > 1:
        raise DataError("the regions of a task disagree on the size of its picture")
    size = next(iter(sizes), None)
    return Pair(name, image, canvas.mask(origin, image, size, list(_regions(results, canvas))))


def _regions(results: list[Mapping[str, Any]], canvas: Canvas) -> Iterator[Region]:
    for result in results:
        value, content = canvas.values[_label(result)], result["value"]
        height, width = as_size(result["original_height"], result["original_width"])
        if result["type"] == "brushlabels":
            if content["format"] != "rle":
                raise DataError(f"holds a brush in the format {content['format']!r}, expected rle")
            yield Brush(value, bytes(content["rle"]), (height, width))
        else:
            scale = np.array([width, height]) / 100
            yield Outline(value, (as_points(_corners(result["type"], content, scale)),))


def _corners(kind: str, content: Mapping[str, Any], scale: NDArray[np.float64]) -> Points:
    """Return an outline in pixels; Label Studio gives percent of the picture's sides, angles in degrees."""
    if kind == "polygonlabels":
        points: Points = np.asarray(content["points"], np.float64).reshape(-1, 2) * scale
        return points
    turn = float(content.get("rotation") or 0)
    x, y = float(content["x"]) * scale[0], float(content["y"]) * scale[1]
    if kind == "rectanglelabels":
        right, bottom = x + float(content["width"]) * scale[0], y + float(content["height"]) * scale[1]
        return box(x, y, right, bottom, turn)
    radius_x, radius_y = float(content["radiusX"]) * scale[0], float(content["radiusY"]) * scale[1]
    return ellipse(x, y, radius_x, radius_y, turn)


def decode_brush(packed: bytes, expected: int) -> NDArray[np.uint8]:
    """Return the values (N,) of a brush mask, RGBA by RGBA.

    The stream of bits: 32 for the number of values, 5 for the bits of a value less 1, 4 times 4 for the bits
    of a run's length less 1; then runs: 1 bit whether one value is repeated, 2 for which of the four lengths,
    the length less 1, and the value, or as many values.

    Args:
        packed: The bytes.
        expected: How many values the picture has.

    Raises:
        ValueError: the stream ends early, or is for a picture of another size.

    Source: the module brush of label-studio-converter.
    """
    bits = "".join(f"{byte:08b}" for byte in packed)
    place = 0

    def take(number: int) -> int:
        nonlocal place
        if place + number > len(bits):
            raise ValueError("the run lengths of a brush end early")
        place += number
        return int(bits[place - number : place], 2)

    number, word = take(32), take(5) + 1
    lengths = [take(4) + 1 for _ in range(4)]
    if number != expected or number > 4 * MAX_PIXELS:
        raise ValueError(f"a brush holds {number:,} values, but its picture has {expected:,}")
    out = np.zeros(number, np.uint8)
    done = 0
    while done < number:
        repeated = take(1)
        end = done + 1 + take(lengths[take(2)])
        if repeated:
            out[done:end] = take(word) & 255
        else:
            for index in range(done, min(end, number)):
                out[index] = take(word) & 255
        done = end
    return out


FORMAT = Format("label-studio", "Label Studio's .json export", looks_like, open_label_studio)
