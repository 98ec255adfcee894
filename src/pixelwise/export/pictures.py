"""The pictures that an export is tried on: the user's, or generated ones that look like pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..data.form import PictureForm
from ..data.image import read_image
from ..data.listing import picture_files
from ..data.shapes import draw_scene
from ..errors import DataError, ImageError

SHAPES = ((1, 97, 131), (2, 128, 90), (1, 33, 201))
"""Pictures, height and width that an export is tried on: none was traced, and among the sides are whole
multiples of 32, sides just above and sides far from one."""


def read_pictures(folder: Path, form: PictureForm) -> tuple[list[NDArray[Any]], tuple[str, ...]]:
    """Read pictures of a folder, spread evenly over it, for `make_batches`.

    They are scaled and cut in the middle to the sizes in `SHAPES`; those that are no photos are cut, or
    repeated where they are too small.

    Args:
        folder: Is searched with all folders in it but hidden ones.
        form: How the network's pictures are read.

    Returns:
        As many arrays (H, W, channels) as `SHAPES` has pictures, of photos (H, W, 3), and a line for each
        picture that could not be read, for which others were taken.

    Raises:
        DataError: the folder holds no picture that can be read, or cannot be listed.
    """
    files = sorted(picture_files(folder))
    if not files:
        raise DataError(f"{folder}: holds no pictures, expected a folder with some to check the export on")
    sizes = [(height, width) for count, height, width in SHAPES for _ in range(count)]
    spread = [files[place * len(files) // len(sizes)] for place in range(len(sizes))]
    waiting = deque(dict.fromkeys([*spread, *files]))
    found: list[NDArray[Any]] = []
    unread: list[str] = []
    while waiting and len(found) < len(sizes):
        path, size = waiting.popleft(), sizes[len(found)]
        try:
            found.append(_fit(read_image(path), size) if form.photo else _cut(form.read(path), size))
        except ImageError as error:
            unread.append(str(error))
        else:
            waiting.append(path)  # for its turn to come again where there are few
    if not found:
        raise DataError(f"{folder}: holds no picture that can be read; the first: {unread[0]}")
    return found, tuple(unread)


def make_batches(
    pictures: Sequence[NDArray[Any]] | None, form: PictureForm, std: Sequence[float] = ()
) -> Iterator[NDArray[Any]]:
    """Yield a batch (N, channels, H, W), uint8 or float32, for each of `SHAPES`.

    Args:
        pictures: What `read_pictures` returns; None for pictures like those of `pixelwise shapes`: light,
            shadows, textures, edges and grain.
        form: How the network's pictures are read; its `fill` is their mean.
        std: Deviation of each channel, which generated numbers that are no 8 bits get.
    """
    given = None if pictures is None else iter(pictures)
    for place, (count, height, width) in enumerate(SHAPES):
        if given and not form.photo:
            values = np.stack(list(islice(given, count)))
        else:
            drawn = (_fit(_draw(place, number), (height, width)) for number in range(count))
            values = _with_channels(np.stack(list(islice(given or drawn, count))), form.channels)
            if form.dtype is np.float32:
                values = ((values / 127.5 - 1) * 2 * np.array(std) + form.fill).astype(np.float32)
        yield np.ascontiguousarray(values.transpose(0, 3, 1, 2))


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
