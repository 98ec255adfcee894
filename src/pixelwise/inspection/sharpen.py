"""Bring soft edges in masks back to classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

APART = 24
"""Grey levels by which JPEG changes the value of an area at most, for what is still told from another."""


def sharpened(
    values: NDArray[Any], known: Iterable[int], by_color: bool, lossy: bool
) -> NDArray[np.int64] | None:
    """Return a mask with classes only: areas keep theirs, what lies between takes that of an area beside it.

    The value between two classes says nothing by itself, since it may be that of a third; so it is the place
    that decides, and, between two areas, which of them is nearer in value.

    Args:
        values: What the mask holds (H, W), of the codec's kind.
        known: Values of the classes and of what is ignored.
        by_color: Whether values are colours 0xRRGGBB.
        lossy: Whether areas, too, may have changed a little.

    Returns:
        (H, W), or None where no area of a class is left to start from, or classes are too close to each other
        to be told apart in a JPEG.
    """
    classes = np.array(sorted(known), np.int64)
    tolerance = min(APART, (_closest(classes, by_color) - 1) // 2) if lossy else 0
    if lossy and tolerance < APART // 2:
        return None
    distinct, places = np.unique(values, return_inverse=True)
    apart = _distance(distinct[:, None].astype(np.int64), classes[None], by_color)
    nearest = classes[apart.argmin(1)][places].reshape(values.shape)
    certain = _in_squares(nearest) & (apart.min(1) <= tolerance)[places].reshape(values.shape)
    return _filled(nearest, certain, values.astype(np.int64), by_color) if certain.any() else None


def _closest(classes: NDArray[np.int64], by_color: bool) -> int:
    """Return how far apart the two classes are that are closest in value."""
    apart = _distance(classes[:, None], classes[None], by_color)
    apart[np.diag_indices_from(apart)] = 255
    return int(apart.min())


def _distance(left: NDArray[np.int64], right: NDArray[np.int64], by_color: bool) -> NDArray[np.int64]:
    """Return the largest difference of a channel, where values are colours; else the difference."""
    shifts, part = ((0, 8, 16), 255) if by_color else ((0,), -1)
    channels = [np.abs((left >> shift & part) - (right >> shift & part)) for shift in shifts]
    largest: NDArray[np.int64] = np.maximum.reduce(channels)
    return largest


def _in_squares(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark (H, W) the pixels that lie in a square of 2 x 2 equal ones."""
    corner = values[:-1, :-1]
    solid = (corner == values[1:, :-1]) & (corner == values[:-1, 1:]) & (corner == values[1:, 1:])
    marked = np.zeros(values.shape, bool)
    for down in (0, 1):
        for right in (0, 1):
            marked[down : down + solid.shape[0], right : right + solid.shape[1]] |= solid
    return marked


def _filled(
    classes: NDArray[np.int64], certain: NDArray[np.bool_], values: NDArray[np.int64], by_color: bool
) -> NDArray[np.int64]:
    """Let certain pixels grow over the others, step by step; of two neighbours the nearer in value wins."""
    height, width = classes.shape
    result = np.pad(classes, 1)
    done = np.pad(certain, 1)
    inner = np.s_[1:-1, 1:-1]
    while not done[inner].all():
        best = np.full(classes.shape, np.iinfo(np.int64).max)
        taken = result[inner].copy()
        for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
            beside = np.s_[down : down + height, right : right + width]
            apart = _distance(result[beside], values, by_color)
            better = done[beside] & ~done[inner] & (apart < best)
            best[better] = apart[better]
            taken[better] = result[beside][better]
        result[inner] = taken
        done[inner] |= best < np.iinfo(np.int64).max
    return result[inner]
