"""Pictures from files as the numbers that they hold: any count of bands, 8 bits, 16 bits or fractions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from .image import opened, upright
from .tiff import read_tiff, read_tiff_head

Values = Literal["8-bit", "integer", "float"]
"""What numbers mean: 0..255 as in a photo; whole numbers of more bits; fractions."""

_PNG_16 = {"RGB;16B": ("RGB", "RGB;16L"), "RGBA;16B": ("RGBA", "RGBA;16L"), "LA;16B": ("LA", "")}


@dataclass(frozen=True, order=True)
class Bands:
    """What a picture file holds.

    Attributes:
        count: Bands, an alpha among them.
        dtype: NumPy's name of the number type: "uint8", "uint16", "float32".
        alpha: Whether the last band is marked as alpha.
        varied: Whether that alpha is none: a TIFF's, with more in it than nothing and all, as when GDAL
            writes four bands and marks the fourth.
    """

    count: int
    dtype: str = "uint8"
    alpha: bool = False
    varied: bool = False

    @property
    def colors(self) -> int:
        """Bands without alpha."""
        return self.count - self.alpha

    @property
    def values(self) -> Values:
        """What the numbers mean."""
        if self.dtype == "uint8":
            return "8-bit"
        return "float" if self.dtype.startswith("float") else "integer"

    @property
    def photo(self) -> bool:
        """Whether it is grey or RGB of 8 bits, with or without alpha."""
        return self.dtype == "uint8" and self.colors in (1, 3) and not self.varied

    def __str__(self) -> str:
        text = f"{self.colors} band{'s' if self.colors > 1 else ''} of {self.dtype}"
        return f"{text} and alpha" if self.alpha else text


class Raster(NamedTuple):
    """A picture that was read.

    Attributes:
        values: (H, W, bands), upright: uint8, or else float32 with NaN where nothing was measured.
        bands: What the file holds.
    """

    values: NDArray[Any]
    bands: Bands


def read_raster(path: Path) -> Raster:
    """Read a picture as the numbers that it holds.

    Palettes and CMYK become RGB. Numbers that a TIFF declares to be no data (GDAL's tag) become NaN, and so
    do infinite ones.

    Raises:
        ImageError: the file is missing, unreadable, broken, no picture, or too large.
        MissingExtraError: it is a TIFF that only tifffile reads, which is not installed.
    """
    head = read_tiff_head(path)
    if head is None:
        values, bands = _read_with_pillow(path)
    else:
        values = _read_with_pillow(path)[0] if head.plain else read_tiff(path, head)
        varied = head.alpha and _varied(values[..., -1])
        bands = Bands(head.count, head.dtype, head.alpha, varied)
    if bands.dtype != "uint8":
        values = _measured(values, head.nodata if head is not None else None)
    return Raster(values, bands)


def read_kind(path: Path) -> Bands:
    """Return what a picture file holds, from its head; of a TIFF with alpha, from its pixels.

    Raises:
        ImageError, MissingExtraError: see `read_raster`; damage behind the head goes unnoticed mostly.
    """
    head = read_tiff_head(path)
    if head is None:
        with opened(path) as picture:
            return _kind(picture)
    if head.alpha:
        return read_raster(path).bands
    return Bands(head.count, head.dtype)


def picture_raster(picture: Image.Image) -> Raster:
    """Return a Pillow picture of any mode, upright, as the numbers that it holds.

    Raises:
        ImageError: Pillow cannot turn its colours into RGB.
    """
    kind = replace(_kind(picture), dtype="uint8")
    picture = upright(picture)
    if picture.mode == "F" or picture.mode.startswith("I"):
        values = np.asarray(picture)[:, :, None]
        return Raster(_measured(values, None), Bands(1, values.dtype.name))
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[kind.count]
    try:
        values = np.array(picture if picture.mode == mode else picture.convert(mode))
    except ValueError as error:
        raise ImageError(
            f"holds colours of the kind {picture.mode}, expected RGB, grey or CMYK: convert the file to RGB"
        ) from error
    return Raster(values.reshape(*values.shape[:2], -1), kind)


def _read_with_pillow(path: Path) -> tuple[NDArray[Any], Bands]:
    """Return the pixels (H, W, bands) and what they are."""
    with opened(path) as picture:
        kind = _kind(picture)
        raw = _raw_mode(picture)
        picture.load()
        if raw not in _PNG_16:
            if picture.mode == "F" or picture.mode.startswith("I"):
                return np.asarray(upright(picture))[:, :, None], kind
            return picture_raster(picture).values, kind
        high = np.asarray(upright(picture))
    mode, low_bytes = _PNG_16[raw]
    # Pillow keeps one byte of each two, and lets us choose which: we read both, one after the other.
    again: Any
    with opened(path) as again:
        again.tile = [tile._replace(args=low_bytes or "RGBA") for tile in again.tile]
        again.load()
        low = np.asarray(upright(again))
    if mode == "LA":  # four bytes a pixel, as they lie in the file
        return np.ascontiguousarray(low).view(">u2").astype(np.uint16), kind
    return high.astype(np.uint16) << 8 | low, kind


def _kind(picture: Image.Image) -> Bands:
    """Return what a Pillow picture holds, by its mode."""
    mode, raw = picture.mode, _raw_mode(picture)
    if raw in _PNG_16:
        letters = _PNG_16[raw][0]
        return Bands(len(letters), "uint16", letters.endswith("A"))
    if mode == "F":
        return Bands(1, "float32")
    if mode.startswith("I"):
        return Bands(1, "uint16" if "16" in mode else "int32")
    if mode in ("1", "L"):
        return Bands(1)
    if mode in ("LA", "La"):
        return Bands(2, alpha=True)
    if mode in ("RGBA", "RGBa", "PA") or (mode == "P" and "transparency" in picture.info):
        return Bands(4, alpha=True)
    return Bands(3)


def _raw_mode(picture: Image.Image) -> str:
    """Return what the pixels of a PNG are in its file, such as "RGB;16B"; "" for other files."""
    tiles = getattr(picture, "tile", None)
    raw = tiles[0][3] if picture.format == "PNG" and tiles else ""
    return raw if isinstance(raw, str) else ""


def _measured(values: NDArray[Any], nodata: float | None) -> NDArray[np.float32]:
    """Return numbers as float32, NaN where there is none."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = values.astype(np.float32)
        if nodata is not None and values.dtype.kind == "f":
            result[values == values.dtype.type(nodata)] = np.nan
        elif nodata is not None:
            result[values == nodata] = np.nan
    result[np.isinf(result)] = np.nan
    return result


def _varied(alpha: NDArray[Any]) -> bool:
    """Say whether an alpha (H, W) holds more than nothing and all."""
    most = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "iu" else 1
    return not bool(((alpha == 0) | (alpha == most)).all())
