"""How many pixels of a mask each class has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRIP = 2**22
"""Pixels that are counted at a time: counting makes 8 bytes of each."""


def count_pixels(mask: NDArray[np.uint8], num_classes: int) -> NDArray[np.int64]:
    """Return how many pixels (num_classes,) of a mask (H, W) each class has."""
    counts = np.zeros(256, np.int64)
    for rows in np.array_split(mask, -(-mask.size // STRIP)):
        counts += np.bincount(rows.ravel(), minlength=256)
    return counts[:num_classes]
