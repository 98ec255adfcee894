"""One annotation of COCO, drawn by pycocotools; packed run lengths are unpacked here, with checks."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .drawing import Patch, Size

_OUTSIDE = 4  # a point farther away than that many sizes of the picture is no slip of the hand


class CocoRegion(NamedTuple):
    """One annotation.

    Attributes:
        value: Value of its class.
        segmentation: A list of polygons, arrays of x, y, x, y, ...; or run lengths, as numbers or packed.
    """

    value: int
    segmentation: Any

    def cover(self, size: Size) -> Patch:
        """Return the pixels as pycocotools has them.

        Raises:
            ValueError: the segmentation is none, or of another size than the picture.
        """
        from pycocotools import mask as coco

        runs = self.segmentation
        if isinstance(runs, list):
            rings = [ring.tolist() for ring in runs]
            return Patch.around(coco.decode(coco.merge(coco.frPyObjects(rings, *size))).astype(np.bool_))
        counts = unpack_counts(runs) if isinstance(runs, bytes) else runs
        if counts.size == 0 or counts.min() < 0 or counts.max() > size[0] * size[1]:
            raise ValueError("its run lengths are negative, or longer than the picture")
        if counts.sum() != size[0] * size[1]:
            raise ValueError(f"its run lengths add up to {counts.sum():,}, not to the picture's pixels")
        inside = np.repeat(np.arange(counts.size) % 2 == 1, counts)
        return Patch.around(inside.reshape(size[::-1]).T)  # column by column


def segmentation_of(entry: Mapping[str, Any], size: Size) -> Any:
    """Return polygons that pycocotools can draw without harm, or run lengths, of an annotation.

    Raises:
        DataError: it is neither, or of another size than its picture.
    """
    content = entry["segmentation"]
    if isinstance(content, dict):
        stated = tuple(int(side) for side in content["size"])
        counts = content["counts"]
        if stated != size:
            raise DataError(f"its run lengths are for {stated}, but the picture is {size} (height, width)")
        return np.array(counts, np.int64) if isinstance(counts, list) else counts.encode("ascii")
    polygons = []
    for polygon in content:
        points = np.asarray(polygon, np.float64).reshape(-1)
        if points.size < 6 or points.size % 2:
            raise DataError(f"a polygon has {points.size} numbers, expected x and y of three points or more")
        if not (np.abs(points) <= _OUTSIDE * max(size)).all():
            raise DataError("a polygon has a point that is no number, or far outside of its picture")
        polygons.append(array("d", points.tobytes()))
    return polygons


def unpack_counts(packed: bytes) -> NDArray[np.int64]:
    """Return the run lengths (N,) that COCO packs into a string; pycocotools trusts the string, we do not.

    A character holds 5 bits of a number and whether more follow; from the fourth on, a number is the
    difference to the last but one.

    Raises:
        ValueError: the string is none that COCO's tools write.

    Source: rleFrString in maskApi.c of cocoapi.
    """
    parts = np.frombuffer(packed, np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero(parts & 32 == 0)
    if parts.size == 0 or parts.min() < 0 or parts.max() > 63 or ends.size == 0 or ends[-1] != parts.size - 1:
        raise ValueError("its packed run lengths are damaged")
    starts = np.concatenate([[0], ends[:-1] + 1])
    places = np.arange(parts.size) - np.repeat(starts, ends - starts + 1)
    if places.max() > 6:
        raise ValueError("its packed run lengths are damaged")
    numbers = np.add.reduceat((parts & 31) << 5 * places, starts)
    negative = parts[ends] & 16 != 0
    numbers[negative] -= 1 << 5 * (places[ends][negative] + 1)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
