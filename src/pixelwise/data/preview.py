"""Any picture as RGB for people to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bands import read_kind, read_raster
from .image import read_image

_SAMPLED = 1_000_000
_LOWEST, _HIGHEST = 2, 98


def preview(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a picture (H, W, channels) as RGB (H, W, 3) uint8, to look at.

    RGB and grey of 8 bits stay as they are. Of others the first three bands are shown, or one in grey, each
    stretched so that all but its darkest and its lightest 2 % of pixels differ.
    """
    channels = values.shape[2]
    shown = values[:, :, : 3 if channels >= 3 else 1]
    if values.dtype != np.uint8 or channels not in (1, 3):
        shown = np.stack([_stretched(shown[:, :, band]) for band in range(shown.shape[2])], axis=-1)
    return shown if shown.shape[2] == 3 else np.repeat(shown, 3, axis=2)


def read_preview(path: Path) -> NDArray[np.uint8]:
    """Read a picture as RGB (H, W, 3) uint8, to look at.

    Raises:
        ImageError, MissingExtraError: see `read_raster`.
    """
    return read_image(path) if read_kind(path).photo else preview(read_raster(path).values)


def _stretched(band: NDArray[Any]) -> NDArray[np.uint8]:
    numbers = band.astype(np.float64)
    step = max(1, int((numbers.size / _SAMPLED) ** 0.5))
    sample = numbers[::step, ::step]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return np.zeros(band.shape, np.uint8)
    low, high = np.percentile(sample, (_LOWEST, _HIGHEST))
    span = (high - low) or 1.0
    stretched: NDArray[np.uint8] = np.rint(np.nan_to_num((numbers - low) / span).clip(0, 1) * 255).astype(
        np.uint8
    )
    return stretched
