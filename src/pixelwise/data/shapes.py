"""A data set of generated pictures: paper cut-outs of five shapes, for trying things and for tests.

Each class has a shape, a hue and a texture. The second tone of every texture is that of bare paper, hues vary
and touch those of other classes, the ground has any tint, and light, grain and shadows differ from picture to
picture, so that a pixel alone does not tell its class.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ConfigError
from ..labels import IGNORE_INDEX, Labels
from ..writing import new_folder
from .description import FILE_NAME, Description, draft
from .masks import indexed
from .scan import Progress

Plane = NDArray[Any]
"""Floats, one a pixel (H, W) or one a pixel and colour (H, W, 3)."""

_PAPER = np.array([0.93, 0.89, 0.80])
_VOID = 1.25  # pixels to either side of an outline that are ignored
_SHADOW = 2  # pixels down and to the right that a shadow lies off


def _disc(x: Plane, y: Plane, radius: float) -> Plane:
    return np.hypot(x, y) - radius


def _box(x: Plane, y: Plane, half_width: float, half_height: float) -> Plane:
    right, below = np.abs(x) - half_width, np.abs(y) - half_height
    return np.hypot(np.maximum(right, 0), np.maximum(below, 0)) + np.minimum(np.maximum(right, below), 0)


def _square(x: Plane, y: Plane, radius: float) -> Plane:
    return _box(x, y, 0.8 * radius, 0.8 * radius)


def _bar(x: Plane, y: Plane, radius: float) -> Plane:
    return _box(x, y, 1.7 * radius, 0.42 * radius)


def _triangle(x: Plane, y: Plane, radius: float) -> Plane:
    slanted: Plane = np.sqrt(0.75) * np.abs(x) - 0.5 * y
    return np.maximum(slanted, y) - 0.58 * radius


def _star(x: Plane, y: Plane, radius: float) -> Plane:
    fifth = 2 * np.pi / 5
    angle = np.abs((np.arctan2(y, x) + fifth / 2) % fifth - fifth / 2)
    tip, notch = 1.2 * radius, 0.62 * radius  # the outline runs straight from (tip, 0) to the notch
    run, rise = notch * np.cos(fifth / 2) - tip, notch * np.sin(fifth / 2)
    distance = np.hypot(x, y)
    beside = (distance * np.cos(angle) - tip) * rise - distance * np.sin(angle) * run
    scaled: Plane = beside / np.hypot(run, rise)
    return scaled


def _rings(x: Plane, y: Plane) -> Plane:
    return np.sin(np.hypot(x, y) * 1.0)


def _checks(x: Plane, y: Plane) -> Plane:
    return 1.6 * np.sin(x * 0.62) * np.sin(y * 0.62)


def _dots(x: Plane, y: Plane) -> Plane:
    return np.cos(x * 0.95) + np.cos(y * 0.95) - 0.75


def _plain(x: Plane, y: Plane) -> Plane:
    return np.full_like(x, -0.7) + 0.25 * np.sin(x * 0.3)


def _stripes(x: Plane, y: Plane) -> Plane:
    return np.sin((x + y) * 0.65)


@dataclass(frozen=True)
class _Kind:
    """One class of cut-outs.

    Attributes:
        name: Name of the class.
        hue: Middle of its hues, in turns of the colour circle.
        outline: Signed distance of points (x, y) from the outline, negative inside, for a radius.
        texture: -1 (coloured) to 1 (bare paper) at points (x, y).
    """

    name: str
    hue: float
    outline: Callable[[Plane, Plane, float], Plane]
    texture: Callable[[Plane, Plane], Plane]


_KINDS = (
    _Kind("disc", 0.01, _disc, _rings),
    _Kind("square", 0.58, _square, _checks),
    _Kind("triangle", 0.40, _triangle, _dots),
    _Kind("star", 0.12, _star, _plain),
    _Kind("bar", 0.80, _bar, _stripes),
)

DESCRIPTION = Description(
    names=dict(enumerate(("background", *(kind.name for kind in _KINDS)))),
    colors={
        0: (64, 64, 64),
        1: (226, 74, 51),
        2: (52, 120, 202),
        3: (64, 168, 104),
        4: (245, 190, 65),
        5: (150, 92, 180),
    },
    ignore=(IGNORE_INDEX,),
)
"""The classes of the generated pictures; outlines are ignored."""


def write_shapes(
    out: str | Path,
    *,
    seed: int = 0,
    train: int = 200,
    val: int = 40,
    test: int = 8,
    size: tuple[int, int] = (96, 128),
    progress: Progress | None = None,
) -> Path:
    """Write a data set of generated pictures in our folder layout, and return its folder.

    The same seed gives the same pictures; the first pictures of a split do not depend on how many follow.

    Args:
        out: Folder to make; it may exist if it is empty.
        seed: Which pictures.
        train: Number of pictures to train on.
        val: Number of pictures to validate with.
        test: Number of pictures to predict.
        size: Height and width in pixels, which single pictures pass or miss by up to an eighth.
        progress: Told how many pictures are written.

    Raises:
        DataError: `out` has something in it already, or the disk is full.
        ConfigError: a number is negative, no picture is asked for, or `size` is below 48 pixels.
    """
    out = Path(out)
    counts = {"train": train, "val": val, "test": test}
    if min(counts.values()) < 0 or not any(counts.values()):
        raise ConfigError(
            f"found {train} train, {val} val and {test} test pictures, expected one or more in all"
        )
    if seed < 0:
        raise ConfigError(f"seed is {seed}, expected 0 or more")
    if min(size) < 48:
        raise ConfigError(f"size is {size[0]} x {size[1]}, expected at least 48 pixels: the shapes need room")
    labels = DESCRIPTION.labels()
    done = 0
    with new_folder(out) as folder:
        for place, (split, count) in enumerate(counts.items()):
            for index in range(count):
                image, mask = draw_scene(np.random.default_rng((seed, place, index)), size)
                _save(folder / split, f"{split}_{index:04d}", image, mask, labels)
                done += 1
                if progress is not None:
                    progress(done, sum(counts.values()))
        (folder / FILE_NAME).write_text(draft(DESCRIPTION, {}, by_color=False), encoding="utf-8")
    return out


def _save(folder: Path, name: str, image: NDArray[np.uint8], mask: NDArray[np.uint8], labels: Labels) -> None:
    for kind, picture in (("images", Image.fromarray(image)), ("masks", indexed(mask, labels))):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        picture.save(folder / kind / f"{name}.png")


def draw_scene(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw one picture, RGB (H, W, 3) uint8, and its mask of class ids (H, W) uint8.

    Args:
        rng: Source of all randomness.
        size: Height and width, which the picture passes or misses by up to an eighth.
    """
    height, width = (int(side + rng.integers(-(side // 8), side // 8 + 1)) for side in size)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    image = _background(rng, rows, columns)
    mask = np.zeros((height, width), np.uint8)
    kinds = rng.permutation(np.arange(rng.integers(5, 9)) % len(_KINDS))
    for index, (middle, radius) in zip(kinds, _places(rng, (height, width), len(kinds)), strict=False):
        _add_cutout(rng, image, mask, int(index), middle, radius)
    light = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(light) * columns / width + np.sin(light) * rows / height) * rng.uniform(0.1, 0.4)
    image *= (rng.uniform(0.85, 1.0) + slope - slope.mean())[:, :, None]
    image += rng.normal(0, rng.uniform(0.015, 0.04), image.shape)
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8), mask


def _background(rng: np.random.Generator, rows: Plane, columns: Plane) -> Plane:
    """Return paper of some tint with clouds in it and a faint ruling, RGB (H, W, 3) in 0..1."""
    tint = np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.05, 0.4), rng.uniform(0.4, 0.8)))
    clouds = _clouds(rng, rows.shape)
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(0.4, 1.1)
    ruling = np.sin((np.cos(angle) * columns + np.sin(angle) * rows) * pitch) * rng.uniform(0, 0.05)
    paper: Plane = tint * (1 + 0.35 * clouds + ruling)[:, :, None]
    return paper


def _clouds(rng: np.random.Generator, shape: tuple[int, ...]) -> Plane:
    """Return smooth noise of about -0.5 to 0.5, (H, W)."""
    coarse = Image.fromarray(rng.uniform(-0.5, 0.5, (5, 6)).astype(np.float32))
    fine = Image.fromarray(rng.uniform(-0.2, 0.2, (13, 17)).astype(np.float32))
    size = (shape[1], shape[0])
    coarse, fine = (layer.resize(size, Image.Resampling.BICUBIC) for layer in (coarse, fine))
    return np.asarray(coarse) + np.asarray(fine, np.float64)


def _places(
    rng: np.random.Generator, size: tuple[int, int], wanted: int
) -> list[tuple[NDArray[np.float64], float]]:
    """Return middles (row, column) and radii of cut-outs that overlap at most in part, up to `wanted`."""
    places: list[tuple[NDArray[np.float64], float]] = []
    for _ in range(8 * wanted):
        middle, radius = rng.uniform(0.06, 0.94, 2) * size, min(size) / 96 * rng.uniform(14, 22)
        if all(np.hypot(*(middle - other)) > 0.85 * (radius + reach) for other, reach in places):
            places.append((middle, radius))
        if len(places) == wanted:
            break
    return places


def _add_cutout(
    rng: np.random.Generator,
    image: Plane,
    mask: NDArray[np.uint8],
    index: int,
    middle: NDArray[np.float64],
    radius: float,
) -> None:
    """Lay a cut-out of kind `index` on the picture and its mask, with its shadow, over what is there."""
    kind = _KINDS[index]
    turn = rng.uniform(0, 2 * np.pi)
    hue = (kind.hue + rng.uniform(-0.09, 0.09)) % 1
    ink = np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.55, 0.9), rng.uniform(0.6, 0.95)))
    fade = rng.uniform(0.6, 1)

    reach = 1.8 * radius + 8  # nothing is drawn farther from the middle
    top, left = (max(0, int(value - reach)) for value in middle)
    bottom, right = (int(value + reach) for value in middle)
    image, mask = image[top:bottom, left:right], mask[top:bottom, left:right]
    rows, columns = np.mgrid[-_SHADOW : mask.shape[0], -_SHADOW : mask.shape[1]]
    down, across = rows + top - middle[0], columns + left - middle[1]
    x = np.cos(turn) * across + np.sin(turn) * down
    y = np.cos(turn) * down - np.sin(turn) * across
    distance = kind.outline(x, y, radius)

    image *= (0.55 + 0.45 * _smooth(distance[:-_SHADOW, :-_SHADOW], -1, 5))[:, :, None]
    inside = (slice(_SHADOW, None), slice(_SHADOW, None))
    distance, x, y = distance[inside], x[inside], y[inside]
    bare = _smooth(kind.texture(x, y), -0.35, 0.35)[:, :, None] * fade
    paper = ink * (1 - bare) + _PAPER * bare
    cover = (0.5 - distance).clip(0, 1)[:, :, None]
    image += (paper - image) * cover
    mask[distance < 0] = index + 1
    mask[np.abs(distance) < _VOID] = IGNORE_INDEX


def _smooth(values: Plane, low: float, high: float) -> Plane:
    """Return 0 below `low`, 1 above `high`, and a smooth step between."""
    share = ((values - low) / (high - low)).clip(0, 1)
    step: Plane = share * share * (3 - 2 * share)
    return step
