"""Whether the borders in a mask lie on edges of its picture, or a few pixels beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 192
"""Longer side, in pixels, of the picture that edges are compared on."""

REACH = 24
"""Largest shift, in pixels of that picture, that is looked for."""

_AROUND = 4  # cells on each side that a shift is compared with
_BLUR = np.array([1, 2, 1], np.float32) / 4


class Agreement(NamedTuple):
    """How well borders lie on edges.

    Attributes:
        down: By how many pixels of the file the mask lies too low, where it fits best.
        right: By how many it lies too far to the right.
        here: By how much the correlation of borders and edges, as they are, exceeds that at shifts around.
        best: The same when the mask is shifted back.
        spread: How much this varies over all shifts that were tried (standard deviation).
    """

    down: int
    right: int
    here: float
    best: float
    spread: float


def agreement(image: NDArray[np.uint8], values: NDArray[Any]) -> Agreement | None:
    """Compare the edges of a picture with the borders of its mask at many shifts of the mask.

    Args:
        image: RGB (H, W, 3) uint8.
        values: What the mask holds (H, W).

    Returns:
        None where there is nothing to compare: a flat picture, or a mask with hardly a border.
    """
    height, width = values.shape
    factor = max(1.0, max(height, width) / SIDE)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    if min(size) < 2 * REACH:
        return None
    small = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BOX)
    edges = _normalized(_edges(np.asarray(small, np.float32)))
    borders = _normalized(_shrunk(_borders(values), size))
    if edges is None or borders is None:
        return None
    surface = _peaks(_correlation(edges, borders))
    place = np.unravel_index(int(surface.argmax()), surface.shape)
    down, right = (round((int(at) - REACH) * -factor) for at in place)
    here = surface[REACH - 1 : REACH + 2, REACH - 1 : REACH + 2].max()  # a cell beside is drawn loosely
    return Agreement(down, right, float(here), float(surface.max()), float(surface.std()))


def _borders(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Mark, by 255, the pixels on both sides of every border (H, W)."""
    marked = np.zeros(values.shape, bool)
    across, along = values[:, :-1] != values[:, 1:], values[:-1] != values[1:]
    marked[:, :-1] |= across
    marked[:, 1:] |= across
    marked[:-1] |= along
    marked[1:] |= along
    return marked.view(np.uint8) * np.uint8(255)


def _shrunk(plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    return _blurred(np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX), np.float32))


def _edges(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the strength of edges (H, W); what is stronger than most counts no more than that."""
    strength: NDArray[np.float32] = np.hypot(*np.gradient(_blurred(grey)))
    strength = np.minimum(strength, np.quantile(strength, 0.95))
    strength[[0, -1]] = strength[:, [0, -1]] = 0
    return strength


def _blurred(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    wide = np.pad(plane, 1, mode="edge")
    rows = wide[:-2] * _BLUR[0] + wide[1:-1] * _BLUR[1] + wide[2:] * _BLUR[2]
    blurred: NDArray[np.float32] = rows[:, :-2] * _BLUR[0] + rows[:, 1:-1] * _BLUR[1] + rows[:, 2:] * _BLUR[2]
    return blurred


def _normalized(plane: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the plane with mean 0 and length 1, or None where it is flat."""
    centred = plane - plane.mean()
    length = float(np.linalg.norm(centred))
    return centred / length if length > 1e-3 * plane.size**0.5 else None


def _correlation(edges: NDArray[np.float32], borders: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the correlation (2 REACH + 1, 2 REACH + 1) at each shift; no shift is the middle."""
    shape = [side + REACH for side in edges.shape]
    product = np.fft.rfft2(edges, shape) * np.conj(np.fft.rfft2(borders, shape))
    surface = np.fft.irfft2(product, shape)
    around = np.arange(-REACH, REACH + 1)
    return surface[np.ix_(around, around)].astype(np.float32)


def _peaks(surface: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how much each place exceeds the mean of the square around it.

    Roads and horizons fit each other at many shifts: what tells the true one is a peak, not a height.
    """
    side = 2 * _AROUND + 1
    wide = np.pad(np.pad(surface, _AROUND, mode="reflect").cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = wide[side:, side:] - wide[:-side, side:] - wide[side:, :-side] + wide[:-side, :-side]
    peaks: NDArray[np.float32] = surface - sums / side**2
    return peaks
