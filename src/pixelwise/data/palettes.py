"""Palettes of masks that disagree: do the ids of the masks tell the classes, or their colours?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .description import Description
from .masks import hex_color, pack_color
from .pairs import Pair
from .scan import MaskRecord


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

    def is_renumbered(palette: Mapping[int, int]) -> bool:
        elsewhere = sum(color in described and own.get(value) != color for value, color in palette.items())
        return elsewhere > sum(color not in described for color in palette.values())

    return any(is_renumbered(record.palette) for _, record in held)
