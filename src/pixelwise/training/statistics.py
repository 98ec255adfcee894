"""Facts about the training pictures that settings are derived from."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ..data.image import read_size
from ..data.masks import MaskCodec, read_mask
from ..data.pairs import Pair


def picture_sizes(pairs: Sequence[Pair], most: int = 200) -> list[tuple[int, int]]:
    """Return the sizes (height, width) of up to `most` pictures, spread evenly over the split."""
    step = -(-len(pairs) // most)
    return [read_size(pair.image) for pair in pairs[::step]]


def count_pixels(pairs: Sequence[Pair], codec: MaskCodec, num_classes: int) -> NDArray[np.int64]:
    """Return how many pixels each class has over all masks (num_classes,)."""

    def count(pair: Pair) -> NDArray[np.int64]:
        return np.bincount(read_mask(pair.mask, codec).ravel(), minlength=256)[:num_classes]

    with ThreadPoolExecutor() as pool:
        return sum(pool.map(count, pairs), start=np.zeros(num_classes, np.int64))
