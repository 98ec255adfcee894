"""Masks from files, and how the values that they hold become class ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from ..labels import Color, Labels
from .image import open_picture, upright

GREY_STEP = 0x010101
"""From one grey colour to the next: r = g = b."""


@dataclass(frozen=True)
class MaskValues:
    """What a mask file holds.

    Attributes:
        values: (H, W) ids as they stand in the file, or colours as numbers 0xRRGGBB (see `pack_color`).
        by_color: Whether `values` are colours.
        palette: Colour (0xRRGGBB) of each id, where the file brings a palette.
        lossy: Whether the file's format does not keep values exactly (JPEG).
    """

    values: NDArray[Any]
    by_color: bool = False
    palette: Mapping[int, int] = field(default_factory=dict)
    lossy: bool = False


class MaskSource(Protocol):
    """A mask that is made from something else than a picture file, such as polygons in a JSON file.

    `str` of it is how messages call it; it can be pickled, and a key in a dict.
    """

    def read(self) -> MaskValues:
        """Return what the mask holds.

        Raises:
            ImageError: it cannot be made; the message names the file.
        """
        ...


Mask = Path | MaskSource
"""A picture file of a mask, or what a mask is made from."""


@dataclass(frozen=True)
class MaskCodec:
    """How values in mask files become class ids in memory.

    Attributes:
        ids: Value in the files (an id, or a colour 0xRRGGBB) to class id; 255 for values that are ignored.
        by_color: Whether the values are colours.
        colors: Colour (0xRRGGBB) of each value, where values are ids and their colours are sure. A mask whose
            palette holds them at other ids (see `is_renumbered`) is read by them.
    """

    ids: Mapping[int, int]
    by_color: bool = False
    colors: Mapping[int, int] = field(default_factory=dict)

    def encode(self, found: MaskValues) -> NDArray[np.uint8]:
        """Return the class ids (H, W) of a mask, 255 where it is ignored.

        Raises:
            ImageError: a value is none of `ids`, or colours were found where ids are expected.
        """
        values = self.recode(found.values, found.by_color, found.palette)
        ids = self._lookup(values)
        strange = ids < 0
        if strange.any():
            value = int(values[strange][0])
            raise ImageError(self.refusal(value, int(np.count_nonzero(values == value))))
        return ids.astype(np.uint8)

    def _lookup(self, values: NDArray[Any]) -> NDArray[np.int16]:
        """Return ids (H, W) int16, -1 for values that are unknown."""
        if values.dtype == np.uint8:
            return np.take(self._table, values)
        known, ids = self._columns
        places = np.searchsorted(known, values).clip(max=len(known) - 1)
        return np.where(known[places] == values, ids[places], np.int16(-1))

    @cached_property
    def _columns(self) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        known = sorted(self.ids)
        return np.array(known, np.int64), np.array([self.ids[value] for value in known], np.int16)

    @cached_property
    def _table(self) -> NDArray[np.int16]:
        table = np.full(256, -1, np.int16)
        for value, id_ in self.ids.items():
            if 0 <= value < 256:
                table[value] = id_
        return table

    def recode(self, values: NDArray[Any], by_color: bool, palette: Mapping[int, int]) -> NDArray[Any]:
        """Return values of any shape as this codec's kind: ids of grey colours, or colours of ids.

        Raises:
            ImageError: colours that are not grey stand where ids are expected, ids that no palette holds
                where colours are, or a palette with the sure colours at other ids holds others besides.
        """
        if by_color and not self.by_color:
            if not is_grey(values):
                raise ImageError(
                    "is a colour picture, expected one number a pixel: give the colours of the classes in "
                    "dataset.yaml, or save the mask as ids"
                )
            return (values & 255).astype(np.uint8)
        if self.by_color and not by_color:
            if values.min() < 0 or values.max() > 255:
                raise ImageError("holds numbers beyond 255, expected colours: save the mask as RGB")
            colors = np.arange(256) * GREY_STEP
            colors[list(palette)] = list(palette.values())
            return np.take(colors, values)
        if any(self.colors.get(value, color) != color for value, color in palette.items()):
            return self._told_by_palette(values, palette)
        return values

    def _told_by_palette(self, values: NDArray[Any], palette: Mapping[int, int]) -> NDArray[Any]:
        """Return ids by their colours, if those that occur are the sure ones at other ids."""
        shown = {value: palette[value] for value in np.unique(values).tolist() if value in palette}
        if not is_renumbered(shown, self.colors, set(self.colors.values())):
            return values
        value_of = {color: value for value, color in self.colors.items()}
        table = np.arange(256)
        for value, color in shown.items():
            if color not in value_of:
                raise ImageError(
                    f"its palette holds the colours of the classes at other ids, and {hex_color(color)}, "
                    "which is none of them: save the mask with the ids of the other masks"
                )
            table[value] = value_of[color]
        return np.take(table, values)

    def name(self, value: int) -> str:
        """Return how a message calls a value: "value 12" or "colour #80ff00"."""
        return f"colour {hex_color(value)}" if self.by_color else f"value {value}"

    def refusal(self, value: int, pixels: int) -> str:
        """Return what is wrong with a value that is none of `ids`, in so many pixels."""
        ignored = (known for known, id_ in self.ids.items() if id_ == 255)
        mend = "name the value in dataset.yaml where that names the classes"
        if value < 0:
            mend = f"write  ignore: {sorted([value, *ignored])}  in dataset.yaml"
        return (
            f"{self.name(value)} in {pixels:,} pixels is no class and not ignored; expected "
            f"{self.expected()}: correct the mask, or {mend}"
        )

    def expected(self) -> str:
        """Return in words which values are known."""
        classes = [value for value, id_ in self.ids.items() if id_ != 255]
        ignored = [value for value, id_ in self.ids.items() if id_ == 255]
        text = f"the classes {self._listed(classes)}"
        return f"{text} or the ignored {self._listed(ignored)}" if ignored else text

    def _listed(self, values: Iterable[int]) -> str:
        values = sorted(values)
        if not self.by_color and len(values) > 2 and values[-1] - values[0] == len(values) - 1:
            return f"{values[0]} to {values[-1]}"
        words = [hex_color(value) if self.by_color else str(value) for value in values]
        return ", ".join(words if len(words) <= 12 else [*words[:12], "..."])


def read_mask(mask: str | Mask, codec: MaskCodec) -> NDArray[np.uint8]:
    """Read a mask, upright, as class ids (H, W) uint8 with 255 where it is ignored.

    Raises:
        ImageError: the mask cannot be read, or holds a value that the codec does not know.
    """
    found = read_mask_values(Path(mask) if isinstance(mask, str) else mask)
    try:
        return codec.encode(found)
    except MemoryError as error:
        raise ImageError(_too_large(mask)) from error
    except ImageError as error:
        raise ImageError(f"{mask}: {error}") from error


def read_mask_values(mask: Mask) -> MaskValues:
    """Read a mask, upright, as the values that it holds.

    Raises:
        ImageError: the mask cannot be read, or does not hold whole numbers or colours.
    """
    try:
        return _read_file(mask) if isinstance(mask, Path) else mask.read()
    except MemoryError as error:
        raise ImageError(_too_large(mask)) from error


def _too_large(mask: str | Mask) -> str:
    return f"{mask}: does not fit into the memory: cut picture and mask into smaller ones"


def _read_file(path: Path) -> MaskValues:
    picture = open_picture(path)
    lossy = picture.format in ("JPEG", "MPO")
    picture = upright(picture)
    mode = picture.mode
    if mode in ("LA", "La"):
        picture = picture.getchannel(0)
    if mode == "1":
        return MaskValues(np.asarray(picture).astype(np.uint8), palette={0: 0, 1: 0xFFFFFF}, lossy=lossy)
    if mode in ("L", "LA", "La", "P"):
        return MaskValues(np.asarray(picture), palette=_palette(picture), lossy=lossy)
    if mode.startswith("I"):
        return MaskValues(_small_integers(np.asarray(picture)), lossy=lossy)
    if mode == "F":
        numbers = np.asarray(picture)
        if not (np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()):
            raise ImageError(f"{path}: holds fractions, expected whole numbers: save the mask as 8-bit ids")
        return MaskValues(_small_integers(numbers.clip(-(2**31), 2**31 - 1).astype(np.int64)), lossy=lossy)
    try:
        return MaskValues(_pack(np.asarray(picture.convert("RGB"))), by_color=True, lossy=lossy)
    except ValueError as error:
        raise ImageError(f"{path}: is of the kind {mode}, expected ids, a palette or RGB") from error


def _palette(picture: Image.Image) -> dict[int, int]:
    flat = picture.getpalette("RGB") if picture.mode == "P" else None
    return dict(enumerate(_pack(np.array(flat, np.uint8).reshape(-1, 3)).tolist())) if flat else {}


def _small_integers(values: NDArray[Any]) -> NDArray[Any]:
    """Return uint8 where all values fit, for which everything after is quicker; else int64."""
    return values.astype(np.uint8 if values.min() >= 0 and values.max() <= 255 else np.int64)


def _pack(colors: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Turn RGB (..., 3) uint8 into numbers 0xRRGGBB (...) int32."""
    wide = colors.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def is_grey(values: NDArray[Any]) -> bool:
    """Say whether all of these colours (0xRRGGBB) are grey."""
    return bool((values == (values & 255) * GREY_STEP).all())


def is_renumbered(palette: Mapping[int, int], own: Mapping[int, int], described: Collection[int]) -> bool:
    """Say whether a palette holds more described colours at ids that are not their own than other colours.

    Black does not count, which fills palettes that mean nothing; nor does one in which ids share a colour.

    Args:
        palette: Colour (0xRRGGBB) of each id that occurs.
        own: Colour of each id, as described.
        described: All colours that are described.
    """
    elsewhere = sum(color in described and color != own.get(id_) for id_, color in palette.items() if color)
    others = sum(color not in described for color in palette.values())
    return elsewhere > others and len({*palette.values()}) == len(palette)


def pack_color(color: Color) -> int:
    """Return a colour as the number 0xRRGGBB."""
    return color[0] << 16 | color[1] << 8 | color[2]


def unpack_color(value: int) -> Color:
    """Return the colour that the number 0xRRGGBB stands for."""
    return value >> 16 & 255, value >> 8 & 255, value & 255


def hex_color(value: int) -> str:
    """Return the colour 0xRRGGBB as "#rrggbb"."""
    return f"#{value:06x}"


def indexed(mask: NDArray[np.uint8], labels: Labels) -> Image.Image:
    """Return a mask (H, W) as a palette picture: ids as they are, shown in the colours of the classes."""
    picture = Image.fromarray(mask)
    picture.putpalette(labels.color_table().tobytes())
    return picture
