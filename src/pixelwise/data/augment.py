"""Random scale, crop, flip and colour, the same for a picture and its mask.

All randomness comes from the generator that is passed in, so a sample depends on its seed alone and not on
the worker that makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kornia.enhance
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..labels import IGNORE_INDEX


@dataclass(frozen=True)
class Augmentation:
    """What is varied, and how far.

    Attributes:
        crop: Size (height, width) of what comes out, whatever the size of the picture.
        scale: Smallest and largest factor by which the picture is scaled, drawn log-uniformly.
        flip: Whether half of the pictures are mirrored left to right.
        color: Strength of the colour changes: contrast and saturation change by up to this share, hue by up
            to a tenth of it (in turns of the colour circle). 0 leaves colours alone, brightness included.
        fill: Value a channel outside the picture, the mean of the pictures; the mask is ignored there.
        std: Deviation of each channel, for pictures that are no photos: instead of their colours, contrast
            changes by up to `color`, and brightness by up to `color` deviations, for all channels alike.
        stops: Stops (powers of 2) by which photos become brighter or darker at most.
        tries: Places that are drawn for a crop; the one is taken that shows most of rare classes.
        rarity: Weight of a pixel of each class (C,) in that choice.
    """

    crop: tuple[int, int]
    scale: tuple[float, float]
    flip: bool
    color: float
    fill: tuple[float, ...]
    std: tuple[float, ...] | None = None
    stops: float = 0.0
    tries: int = 1
    rarity: tuple[float, ...] = ()

    def __call__(
        self, image: NDArray[Any], mask: NDArray[np.uint8], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return a varied copy of a sample.

        Args:
            image: (H, W, C) uint8 in 0..255, or float32.
            mask: (H, W) uint8 class ids.
            rng: Source of all randomness.

        Returns:
            The picture (C, crop height, crop width), uint8 or float32 as it was, and the mask (crop height,
            crop width) uint8.
        """
        low, high = self.scale
        factor = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        rows, columns = self._choose_place(mask, factor, rng)
        part = (slice(rows.start, rows.stop), slice(columns.start, columns.stop))
        size = (rows.length, columns.length)
        place = (..., slice(rows.place, rows.place + size[0]), slice(columns.place, columns.place + size[1]))

        canvas = torch.tensor(self.fill).view(-1, 1, 1).repeat(1, *self.crop)
        pixels = torch.from_numpy(np.ascontiguousarray(image[part])).permute(2, 0, 1)[None].float()
        canvas[place] = F.interpolate(pixels, size, mode="bilinear", antialias=True)[0]
        target = torch.full(self.crop, IGNORE_INDEX, dtype=torch.uint8)
        ids = torch.from_numpy(np.ascontiguousarray(mask[part]))[None, None]
        target[place] = F.interpolate(ids, size, mode="nearest-exact")[0, 0]

        if self.flip and rng.random() < 0.5:
            canvas, target = canvas.flip(-1), target.flip(-1)
        if self.color:
            canvas = self._vary_color(canvas, rng) if self.std is None else self._vary_numbers(canvas, rng)
        return (canvas.round().clamp(0, 255).to(torch.uint8) if image.dtype == np.uint8 else canvas), target

    def _choose_place(
        self, mask: NDArray[np.uint8], factor: float, rng: np.random.Generator
    ) -> tuple[_Window, _Window]:
        """Return rows and columns of the crop: of the places drawn, that with most of rare classes."""
        height, width = mask.shape
        places = [
            (_window(height, self.crop[0], factor, rng), _window(width, self.crop[1], factor, rng))
            for _ in range(self.tries)
        ]
        if self.tries == 1:
            return places[0]
        weights = np.zeros(256)
        weights[: len(self.rarity)] = self.rarity

        def worth(place: tuple[_Window, _Window]) -> float:
            rows, columns = place
            seen = mask[rows.start : rows.stop : 4, columns.start : columns.stop : 4]  # enough to choose by
            return float(weights[seen].mean())

        return max(places, key=worth)

    def _vary_color(self, image: Tensor, rng: np.random.Generator) -> Tensor:
        brightness = 2 ** rng.uniform(-self.stops, self.stops)
        contrast, saturation = rng.uniform(1 - self.color, 1 + self.color, 2)
        hue = rng.uniform(-self.color, self.color) / 10
        image = image / 255
        image = kornia.enhance.adjust_brightness_accumulative(image, brightness)
        image = kornia.enhance.adjust_contrast_with_mean_subtraction(image, contrast)
        if image.shape[0] == 3:
            image = kornia.enhance.adjust_saturation_with_gray_subtraction(image, saturation)
            image = kornia.enhance.adjust_hue(image, 2 * np.pi * hue)
        return image * 255

    def _vary_numbers(self, image: Tensor, rng: np.random.Generator) -> Tensor:
        contrast, brightness = (
            rng.uniform(1 - self.color, 1 + self.color),
            rng.uniform(-self.color, self.color),
        )
        mean, std = torch.tensor(self.fill).view(-1, 1, 1), torch.tensor(self.std).view(-1, 1, 1)
        return mean + (image - mean) * contrast + std * brightness


@dataclass(frozen=True)
class _Window:
    """One axis: which pixels of the picture are taken, how many they become, and where they are put."""

    start: int
    stop: int
    length: int
    place: int


def _window(pixels: int, crop: int, factor: float, rng: np.random.Generator) -> _Window:
    """Draw where a crop of `crop` pixels lies on an axis of `pixels` pixels scaled by `factor`.

    A scaled picture larger than the crop is cut at a random place; a smaller one is put at a random place.
    """
    wanted = max(1, round(crop / factor))  # pixels of the picture that fill the crop
    if wanted <= pixels:
        start = int(rng.integers(0, pixels - wanted + 1))
        return _Window(start, start + wanted, crop, 0)
    length = min(crop, max(1, round(pixels * factor)))
    return _Window(0, pixels, length, int(rng.integers(0, crop - length + 1)))


def default_crop(sizes: list[tuple[int, int]], limit: int = 512) -> tuple[int, int]:
    """Return a crop for pictures of these sizes: their median, at most `limit`, in whole 32 pixels."""
    median: NDArray[Any] = np.median(np.array(sizes), axis=0)
    height, width = (max(32, int(min(value, limit)) // 32 * 32) for value in median)
    return height, width
