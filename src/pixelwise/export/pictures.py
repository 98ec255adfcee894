"""The pictures that an export is tried on: the user's, or generated ones that look like pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..data.form import PictureForm
from ..data.image import IMAGE_SUFFIXES, read_image
from ..data.shapes import draw_scene
from ..errors import DataError

SHAPES = ((1, 97, 131), (2, 128, 90), (1, 33, 201))
"""Pictures, height and width that an export is tried on: none was traced, and among the sides are whole
multiples of 32, sides just above and sides far from one."""


def make_batches(
    pictures: Path | None, form: PictureForm, std: Sequence[float] = ()
) -> Iterator[NDArray[Any]]:
    """Yield a batch (N, channels, H, W), uint8 or float32, for each of `SHAPES`.

    Pictures of a folder, spread evenly over it, are scaled and cut in the middle to the sizes; those that are
    no photos are cut, or repeated where they are too small. Without a folder they are those of
    `pixelwise shapes`: light, shadows, textures, edges and grain.

    Args:
        pictures: A folder with pictures; None for generated ones.
        form: How the network's pictures are read; its `fill` is their mean.
        std: Deviation of each channel, which generated numbers that are no 8 bits get.

    Raises:
        DataError: the folder holds no picture.
        ImageError: a picture cannot be read.
    """
    wanted = sum(count for count, _, _ in SHAPES)
    files = iter(_choose(pictures, wanted)) if pictures is not None else None
    for place, (count, height, width) in enumerate(SHAPES):
        size = (height, width)
        if files and not form.photo:
            values = np.stack([_cut(form.read(next(files)), size) for _ in range(count)])
        else:
            drawn = [
                _fit(read_image(next(files)) if files else _draw(place, number), size)
                for number in range(count)
            ]
            values = _with_channels(np.stack(drawn), form.channels)
            if form.dtype is np.float32:
                values = ((values / 127.5 - 1) * 2 * np.array(std) + form.fill).astype(np.float32)
        yield np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _choose(folder: Path, wanted: int) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise DataError(f"{folder}: holds no pictures, expected a folder with some to check the export on")
    return [files[place * len(files) // wanted] for place in range(wanted)]


def _draw(place: int, number: int) -> NDArray[np.uint8]:
    return draw_scene(np.random.default_rng((place, number)), (144, 224))[0]


def _fit(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) scaled and cut to a size."""
    return np.asarray(ImageOps.fit(Image.fromarray(picture), (size[1], size[0])))


def _cut(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Return a picture (H, W, channels) cut in the middle to a size, or repeated up to it."""
    rows, columns = (
        (np.arange(wanted) + max(0, there - wanted) // 2) % there
        for wanted, there in zip(size, picture.shape[:2], strict=True)
    )
    return np.ascontiguousarray(picture[rows][:, columns])


def _with_channels(pictures: NDArray[np.uint8], channels: int) -> NDArray[Any]:
    """Return RGB pictures (N, H, W, 3) with another number of channels: red, green, blue, red moved, ..."""
    if channels == 3:
        return pictures
    planes = [np.roll(pictures[..., k % 3], 5 * (k // 3), axis=2) for k in range(channels)]
    return np.stack(planes, axis=-1)
