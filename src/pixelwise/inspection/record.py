"""One look at a picture and its mask, from which a short record stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.bands import Bands, read_kind, read_raster
from ..data.image import open_picture, orientation, read_image, to_rgb
from ..data.masks import Mask, MaskValues, read_mask_values
from ..data.pairs import Pair
from ..data.preview import preview
from ..data.scan import MaskRecord, count_values, summarize
from ..data.tiff import read_tiff_head
from ..errors import ImageError
from .edges import Agreement, agreement
from .likeness import Fingerprint, fingerprint

SOFT = 0.2
"""Share of steps with a value between (see `MaskFacts.soft`) from which edges are soft; clean masks have a
few per cent, those that were scaled like pictures a quarter to a half."""

_AREAS = 64
_SELDOM = 0.02
_JUDGED = 64  # side in pixels below which borders are so close to each other that clean masks look soft


class PictureFacts(NamedTuple):
    """What is kept of a picture.

    Attributes:
        size: Height and width, upright.
        kind: Format and mode, such as "PNG RGB".
        turned: EXIF orientation, 1 to 8; 1 is upright.
        print: What likeness is judged on.
        bands: What it holds.
    """

    size: tuple[int, int]
    kind: str
    turned: int
    print: Fingerprint
    bands: Bands


class MaskFacts(NamedTuple):
    """What is kept of a mask.

    Attributes:
        record: Its values.
        kind: What it is, such as "PNG ids".
        areas: Values that form areas, and not only lines one pixel wide; the largest areas first.
        soft: Share of the steps between values that have a value between the two, as smoothing makes; 0..1.
        between: How many different values stand between the two, not counting the rarest: outlines that
            somebody drew are of one value or two.
    """

    record: MaskRecord
    kind: str
    areas: tuple[int, ...]
    soft: float
    between: int

    @property
    def smoothed(self) -> bool:
        """Whether the edges are soft: their steps lead through many values."""
        return self.soft >= SOFT and self.between >= 3


class PairRecord(NamedTuple):
    """What is kept of a pair.

    Attributes:
        picture: Facts of the picture, or what is wrong with it.
        mask: Facts of the mask, or what is wrong with it.
        fit: How well the mask's borders lie on the picture's edges; None where that cannot be told.
        fit_unturned: The same for a picture as it lies in its file, where EXIF has it turned to another view
            of the same size.
    """

    picture: PictureFacts | str
    mask: MaskFacts | str
    fit: Agreement | None = None
    fit_unturned: Agreement | None = None


class Entry(NamedTuple):
    """A pair, its split and its record."""

    split: str
    pair: Pair
    record: PairRecord


def look_at(pair: Pair) -> PairRecord:
    """Read a picture and its mask once and return their record; what cannot be read is told in it."""
    image: NDArray[np.uint8] | None = None
    raw: NDArray[np.uint8] | None = None
    try:
        picture, image, raw = _look_at_picture(pair.image)
    except ImageError as error:
        picture = str(error)
    try:
        mask, values = _look_at_mask(pair.mask)
    except ImageError as error:
        return PairRecord(picture, str(error))
    if image is None or image.shape[:2] != values.shape:
        return PairRecord(picture, mask)
    unturned = agreement(raw, values) if raw is not None and raw.shape == image.shape else None
    return PairRecord(picture, mask, agreement(image, values), unturned)


def _look_at_picture(path: Path) -> tuple[PictureFacts | str, NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return the facts, the upright picture, and, where that differs, the picture as it lies in the file."""
    bands = read_kind(path)
    if not bands.photo or read_tiff_head(path) is not None:  # TIFFs are never turned by EXIF
        image = read_image(path) if bands.photo else preview(read_raster(path).values)
        kind = f"{path.suffix[1:].upper()} {bands}"
        return PictureFacts((image.shape[0], image.shape[1]), kind, 1, fingerprint(image), bands), image, None
    opened = open_picture(path)
    kind, turned = f"{opened.format} {opened.mode}", orientation(opened)
    try:
        image = to_rgb(opened)
        raw = None
        if turned != 1:
            opened.getexif().clear()
            opened.info.pop("exif", None)
            raw = to_rgb(opened)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    return PictureFacts((image.shape[0], image.shape[1]), kind, turned, fingerprint(image), bands), image, raw


def _look_at_mask(mask: Mask) -> tuple[MaskFacts, NDArray[Any]]:
    found = read_mask_values(mask)
    way = "colours" if found.by_color else "ids with a palette" if found.palette else "ids"
    if not isinstance(mask, Path):
        return facts_of(found, way), found.values
    return facts_of(found, f"{mask.suffix[1:].upper()} {way}"), found.values


def facts_of(found: MaskValues, kind: str = "") -> MaskFacts:
    """Return the facts of a mask that has been read."""
    return MaskFacts(summarize(found), kind, _areas(found.values), *_softness(found))


def _areas(values: NDArray[Any]) -> tuple[int, ...]:
    """Return the values of which at least half the pixels lie in squares of 2 x 2 equal ones."""
    if min(values.shape) < 2:
        return ()
    corner = values[:-1, :-1]
    solid = (corner == values[1:, :-1]) & (corner == values[:-1, 1:]) & (corner == values[1:, 1:])
    inner, inner_pixels = count_values(corner[solid])
    all_, all_pixels = count_values(values)
    pixels = dict(zip(all_.tolist(), all_pixels.tolist(), strict=True))
    kept = [
        (count, value)
        for value, count in zip(inner.tolist(), inner_pixels.tolist(), strict=True)
        if 3 * count >= pixels[value]
    ]
    return tuple(value for _, value in sorted(kept, reverse=True)[:_AREAS])


def _softness(found: MaskValues) -> tuple[float, int]:
    """Return `MaskFacts.soft` and `MaskFacts.between` of the steps along rows."""
    values = found.values
    if min(values.shape) < _JUDGED:
        return 0.0, 0
    left, middle, right = values[:, :-2], values[:, 1:-1], values[:, 2:]
    steps = (left != middle) & (left != right)
    number = int(np.count_nonzero(steps))
    if number == 0:
        return 0.0, 0
    triples = [part[steps].astype(np.int64) for part in (left, middle, right)]
    through = triples[1] != triples[2]
    for shift in (0, 8, 16) if found.by_color else (0,):
        mask = 255 if found.by_color else -1
        one, two, three = (part >> shift & mask for part in triples)
        through &= (np.minimum(one, three) <= two) & (two <= np.maximum(one, three))
    _, pixels = np.unique(triples[1][through], return_counts=True)
    soft = int(pixels.sum())
    between = pixels.size if pixels.size > 2 / _SELDOM else np.count_nonzero(pixels >= _SELDOM * soft)
    return soft / number, int(between)
