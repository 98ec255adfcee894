"""How the pictures of a data set become arrays: decided once, when training starts, and kept by the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ConfigError, DataError, ImageError
from .bands import Bands, Raster, Values, picture_raster, read_raster
from .image import decode, read_image, to_rgb

_ANY = "any"
_WORDS = {"8-bit": "8 bits", "integer": "whole numbers of more than 8 bits", "float": "fractions"}


@dataclass(frozen=True)
class PictureForm:
    """How pictures become arrays (H, W, channels).

    Photos, `channels` 3 and `values` "8-bit", are uint8 RGB whatever their files hold (`read_image` says
    how); one channel of 8 bits is the same in grey. All others are the numbers as they stand in the files:
    uint8 for 8 bits, else float32.

    Attributes:
        channels: Channels of the arrays.
        values: What the numbers mean; "any" where nobody has said so, and nothing is checked.
        fill: Value of each channel where nothing was measured (NaN, or what a TIFF declares to be no data).
        note: What people should know of how this was decided, if anything.
    """

    channels: int = 3
    values: Values | Literal["any"] = "8-bit"
    fill: tuple[float, ...] = ()
    note: str = field(default="", compare=False)

    @property
    def photo(self) -> bool:
        """Whether all pictures of grey or RGB can be brought to this form: 8 bits, RGB or grey."""
        return self.values == "8-bit" and self.channels in (1, 3)

    def takes(self, bands: Bands) -> bool:
        """Say whether `read` can read files that hold this; what `check_data` lets pass depends on it."""
        if self.photo:
            return bands.colors in (1, 3)
        return self.values in (_ANY, bands.values) and self.channels in (bands.count, bands.colors)

    @property
    def dtype(self) -> type[np.uint8] | type[np.float32]:
        """Number type of the arrays."""
        return np.float32 if self.values in ("integer", "float") else np.uint8

    def __str__(self) -> str:
        word = f"{self.channels} channel{'s' if self.channels > 1 else ''}"
        return word if self.values == _ANY else f"{word} of {_WORDS[self.values]}"

    def read(self, path: str | Path) -> NDArray[Any]:
        """Read a picture file, upright.

        Raises:
            ImageError: it cannot be read, or holds other bands or numbers.
            MissingExtraError: only tifffile reads it, which is not installed.
        """
        path = Path(path)
        if self.photo:
            return self._in_grey(read_image(path)) if self.channels == 1 else read_image(path)
        try:
            return self._fitted(read_raster(path))
        except ImageError as error:
            text = str(error)
            raise error if text.startswith(str(path)) else ImageError(f"{path}: {text}") from error

    def of_picture(self, picture: Image.Image) -> NDArray[Any]:
        """Return a Pillow picture, upright.

        Raises:
            ImageError: it cannot be decoded, holds other bands or numbers, or colours that cannot become RGB.
        """
        decode(picture)
        if self.photo:
            return self._in_grey(to_rgb(picture)) if self.channels == 1 else to_rgb(picture)
        return self._fitted(picture_raster(picture))

    def of_array(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array (H, W, channels), or (H, W) in grey, with numbers as in the pictures trained on.

        Raises:
            ConfigError: it has other axes or channels, or holds no numbers that a picture can hold.
        """
        if self.photo and self.channels == 1 and array.ndim == 3 and array.shape[2] == 3:
            array = self._in_grey(array) if array.dtype == np.uint8 else array
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim == 3 and array.shape[2] == 1 and self.photo and self.channels == 3:
            array = np.repeat(array, 3, axis=2)
        if array.ndim != 3 or array.shape[2] != self.channels or 0 in array.shape:
            grey = " or, in grey, (height, width)" if self.photo or self.channels == 1 else ""
            raise ConfigError(
                f"found an array of shape {array.shape}, expected (height, width, {self.channels}){grey}"
            )
        if self.values == "8-bit":
            _check_range(array)
            return array
        if array.dtype.kind not in "uif":
            raise ConfigError(f"found an array of type {array.dtype}, expected numbers")
        return array if array.dtype == np.uint8 and self.values == _ANY else self._filled(array)

    def _fitted(self, raster: Raster) -> NDArray[Any]:
        """Return the channels of a picture that was read.

        Raises:
            ImageError: it holds other bands or numbers.
        """
        values, bands = raster
        if not self.takes(bands):
            raise ImageError(f"holds {bands}, expected {self}, as in the pictures trained on")
        values = values[:, :, : self.channels]
        return values if values.dtype == np.uint8 else self._filled(values)

    def _filled(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return numbers as float32, `fill` where there is none."""
        result = np.array(values, np.float32)
        missing = ~np.isfinite(result)
        if self.fill and missing.any():
            result = np.where(missing, np.array(self.fill, np.float32), result)
        return result

    @staticmethod
    def _in_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(Image.fromarray(rgb).convert("L"))[:, :, None]


PHOTOS = PictureForm()
"""RGB of 8 bits: what most data sets hold, and what networks of three channels take."""


def choose_form(
    found: Mapping[Bands, tuple[int, Path]], channels: int | None = None, depth: int | None = None
) -> PictureForm:
    """Decide how the pictures of a data set are read.

    Grey and RGB of 8 bits, with or without alpha, are photos. All other pictures are read as they are, and
    must be alike. An alpha is dropped, unless `channels` counts it or it is none (see `Bands.varied`).

    Args:
        found: How many pictures hold what, and the first of them.
        channels: Channels that the data set's description asks for.
        depth: 8 where it asks for photos, whatever the files hold.

    Raises:
        DataError: the pictures differ, or hold other channels than are asked for; the message names files.
    """
    form, usual, strange = common_bands(found, channels, depth)
    if not strange:
        return replace(form, note=_alpha_note(found, form.channels))
    number, path = found[strange[0]]
    what = f"{path}{_others(number)}: holds {strange[0]}, but"
    if usual is None:
        raise DataError(
            f"{what} dataset.yaml asks for depth: 8, which is for grey and RGB: save the picture as one of "
            "them, take it out, or remove the line if all pictures hold such bands"
        )
    if channels and channels not in (strange[0].count, strange[0].colors):
        raise DataError(
            f"{what} dataset.yaml asks for channels: {channels}; correct the number, or take the file out"
        )
    others, usual_path = found[usual]
    raise DataError(
        f"{what} {usual_path}{_others(others)} holds {usual}: "
        "save all pictures with the same bands and numbers, or add a line 'depth: 8' to dataset.yaml to "
        "have grey and RGB pictures read as 8-bit RGB, each by itself"
    )


class Common(NamedTuple):
    """What the pictures of a data set have in common.

    Attributes:
        form: How they are read.
        usual: What most of those hold that have its channels; None where all are read as photos.
        strange: What the pictures hold that cannot be read so, or whose numbers mean something else.
    """

    form: PictureForm
    usual: Bands | None = None
    strange: tuple[Bands, ...] = ()


def common_bands(found: Mapping[Bands, tuple[int, Path]], channels: int | None, depth: int | None) -> Common:
    """Return what pictures have in common, and what does not go with it; see `choose_form`."""
    if not found or depth == 8 or (channels in (None, 1, 3) and all(bands.photo for bands in found)):
        form = PictureForm(channels or 3)
        return Common(form, None, tuple(bands for bands in found if not form.takes(bands)))
    ranked = sorted(found, key=lambda bands: (-found[bands][0], bands))
    first = ranked[0]
    wanted = channels or (first.count if any(bands.varied for bands in found) else first.colors)
    fitting = [bands for bands in ranked if wanted in (bands.count, bands.colors)]
    usual = (fitting or ranked)[0]
    form = PictureForm(wanted, usual.values)
    strange = (bands for bands in found if bands.values != usual.values or not form.takes(bands))
    return Common(form, usual, tuple(strange))


def _check_range(array: NDArray[Any]) -> None:
    """Raise where numbers are not those of a picture of 8 bits, 0..255."""
    if array.dtype.kind != "f":
        return
    low, high = float(array.min()), float(array.max())  # both NaN where one of the numbers is
    if not 0 <= low <= high <= 255:
        finite = "" if np.isfinite((low, high)).all() else ", which are not finite"
        raise ConfigError(f"found an array with values {low:g}..{high:g}{finite}, expected 0..255")
    if high <= 1 and not np.isin(array, (0, 1)).all():
        raise ConfigError(
            f"found an array with values {low:g}..{high:g}, expected 0..255: multiply fractions by 255"
        )


def _alpha_note(found: Mapping[Bands, tuple[int, Path]], channels: int) -> str:
    """Say what becomes of an alpha, where pictures have one and nobody was asked."""
    marked = [bands for bands in found if bands.alpha]
    if not marked:
        return ""
    bands, (number, path) = marked[0], found[marked[0]]
    where = f"{path}{_others(number)}: the last of {bands.count} bands is marked as alpha"
    if channels == bands.count:
        return f"{where} and taken for a channel; 'channels: {bands.colors}' in dataset.yaml drops it"
    return f"{where} and dropped; 'channels: {bands.count}' in dataset.yaml makes it a channel"


def _others(number: int) -> str:
    return f" (and {number - 1} more)" if number > 1 else ""
