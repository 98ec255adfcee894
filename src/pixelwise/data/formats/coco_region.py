"""One annotation of COCO, drawn by pycocotools; packed run lengths are unpacked here, with checks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .drawing import Patch, Size


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
