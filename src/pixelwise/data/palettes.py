"""Palettes of masks that disagree: do the ids of the masks tell the classes, or their colours?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import DataError, ImageError
from .description import FILE_NAME, Description
from .image import opened
from .masks import GREY_STEP, hex_color, is_renumbered, pack_color
from .pairs import Pair
from .scan import MaskRecord

_BARE = (0, 0xFFFFFF)


def palette_in_head(path: Path) -> bytes:
    """Return a mask's palette r, g, b, r, ..., mostly without reading its pixels; b"" where there is none."""
    try:
        with opened(path) as picture:
            if picture.mode != "P":
                return b""
            head = picture.palette
            plain = head is not None and head.rawmode in (None, "RGB")
            return bytes((head.palette if head is not None and plain else picture.getpalette("RGB")) or b"")
    except ImageError:  # which the check tells
        return b""


def disagreement(held: Iterable[tuple[Pair, MaskRecord]]) -> str:
    """Say which id has which two colours in which masks; "" where all palettes agree."""
    first: dict[int, tuple[int, Pair]] = {}
    for pair, record in held:
        for value, color in record.palette.items():
            known, other = first.setdefault(value, (color, pair))
            if known != color:
                return (
                    f"the palettes of the masks disagree: id {value} is {hex_color(known)} in {other.mask} "
                    f"and {hex_color(color)} in {pair.mask}"
                )
    return ""


def colors_tell(description: Description, held: Iterable[tuple[Pair, MaskRecord]]) -> bool:
    """Say whether palettes that disagree hold a description's colours, at whatever ids a tool put them.

    That is so where a mask holds more described colours at the ids of other classes than colours that nobody
    described. All else is for show: masks of one data set that were drawn in different colours.
    """
    own = {value: pack_color(color) for value, color in description.colors.items()}
    described = description.packed_colors
    return any(is_renumbered(record.palette, own, described) for _, record in held)


def refuse_greys(description: Description, held: Iterable[tuple[Pair, MaskRecord]], unlike: str) -> None:
    """Make sure that palettes that disagree do not hold a description's values as greys, at other ids.

    A GIF of grey levels is written so: those that occur get ids one after the other. Black and white say
    nothing, since many tools show masks of two classes in them.

    Args:
        description: The classes.
        held: The masks and what they hold.
        unlike: What `disagreement` says of them; the error begins with it.

    Raises:
        DataError: they do.
    """
    own = {value: value * GREY_STEP for value in (*description.names, *description.ignore)}
    palettes = (record.palette.items() for _, record in held)
    shades = ({id_: color for id_, color in palette if color not in _BARE} for palette in palettes)
    if any(is_renumbered(palette, own, {*own.values()}) for palette in shades):
        raise DataError(
            f"{unlike}, which are the values in {FILE_NAME} as greys: each mask has ids of its own for them, "
            "as GIFs have; save the masks as grey PNG, in Python  Image.open(MASK).convert('L').save(PNG)"
        )
