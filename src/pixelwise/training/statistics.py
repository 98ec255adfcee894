"""Facts about the training pictures that settings are derived from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.form import PictureForm
from ..data.image import read_size
from ..data.masks import MaskCodec, read_mask
from ..data.pairs import Pair
from ..data.scan import in_parallel
from ..errors import DataError
from ..models.families import FAMILIES, IMAGENET_STD, FamilyName
from ..predict.counts import count_pixels

MOST_PICTURES = 500
"""Pictures that channels, and the rarity of classes, are measured on."""

MOST_PIXELS = 1_000_000
"""Pixels that channels are measured on in each of them, where it has so many; four times as many at most."""


def picture_sizes(pairs: Sequence[Pair], most: int = 200) -> list[tuple[int, int]]:
    """Return the sizes (height, width) of up to `most` pictures, spread evenly over the split."""
    step = -(-len(pairs) // most)
    return [read_size(pair.image) for pair in pairs[::step]]


def count_all_pixels(pairs: Sequence[Pair], codec: MaskCodec, num_classes: int) -> NDArray[np.int64]:
    """Return how many pixels each class has over all masks (num_classes,)."""

    def count(pair: Pair) -> NDArray[np.int64]:
        return count_pixels(read_mask(pair.mask, codec), num_classes)

    return sum(in_parallel(count, pairs), start=np.zeros(num_classes, np.int64))


@dataclass(frozen=True)
class ChannelStatistics:
    """Mean and standard deviation of each channel of the training pictures."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __str__(self) -> str:
        mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (self.mean, self.std))
        return f"mean {mean}; deviation {std}"

    def arguments(self, family: FamilyName) -> dict[str, Any]:
        """Return what `create_model` is told of them.

        The family caffe, which takes the mean out of 0..255 and does not divide, gets numbers as large as
        those of photos.
        """
        unit = sum(IMAGENET_STD) / sum(FAMILIES[family].std)
        std = tuple(value / unit for value in self.std)
        return {"in_channels": len(self.mean), "mean": self.mean, "std": std}


def measure_channels(pairs: Sequence[Pair], form: PictureForm) -> ChannelStatistics:
    """Measure each channel over the pixels of the pictures.

    Up to `MOST_PICTURES` pictures, spread evenly, are read whole, several at a time; of large ones a grid of
    one to four times `MOST_PIXELS` pixels counts. What was not measured is left out; a channel of one value
    has deviation 1.

    Args:
        pairs: The training pairs.
        form: How their pictures are read.

    Raises:
        DataError: a channel holds no number in any of the pictures.

    Source: sums of parts after Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979.
    """
    read = replace(form, fill=())  # so that what is missing stays NaN

    def moments(pair: Pair) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        values = read.read(pair.image)
        step = max(1, int((values.shape[0] * values.shape[1] / MOST_PIXELS) ** 0.5))
        return _moments(values[::step, ::step].reshape(-1, form.channels).astype(np.float64))

    count, mean, squares = np.zeros((3, form.channels))
    for number, center, spread in in_parallel(moments, pairs[:: -(-len(pairs) // MOST_PICTURES)]):
        total = np.maximum(count + number, 1)
        squares += spread + (center - mean) ** 2 * count * number / total
        mean += (center - mean) * number / total
        count += number
    if not count.all():
        raise DataError(
            f"{pairs[0].image}: in this and all other training pictures, channel {int(count.argmin()) + 1} "
            "holds no number; leave that band out of the files"
        )
    std = np.sqrt(squares / count)
    std[std < 1e-6 * np.maximum(np.abs(mean), 1e-30)] = 1.0  # one value, but for rounding
    return ChannelStatistics(tuple(mean.tolist()), tuple(std.tolist()))


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return how many numbers each column of (N, C) holds, their mean, and the sum of squares around it."""
    there = np.isfinite(values)
    number = there.sum(axis=0)
    mean = np.where(there, values, 0).sum(axis=0) / np.maximum(number, 1)
    return number, mean, np.where(there, (values - mean) ** 2, 0).sum(axis=0)
