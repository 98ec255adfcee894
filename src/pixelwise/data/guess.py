"""Guess the classes of masks that nobody has described, or say why they can be none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..errors import DataError
from ..labels import IGNORE_INDEX, Color, default_palette
from .description import FILE_NAME, Description
from .masks import Mask, hex_color, unpack_color
from .pairs import Pair
from .scan import MaskRecord

MAX_COLORS = 64
"""Colours in masks that are believed to be classes when no description says so."""

_WRITE = f"write {FILE_NAME} (see the README) to say which values are classes"

NAME_THEM = f"name them in {FILE_NAME}: a line 'names:' and below it a line 'ID: NAME' for each"

Held = Iterable[tuple[Pair, MaskRecord]]
"""Masks and what they hold; can be gone through again, and need not fit in memory."""


def refuse_unclear(held: Held, by_color: bool, values: int) -> None:
    """Raise where the masks are of two kinds, or of a kind that mixes values (JPEG)."""
    for pair, record in held:
        clear = set(record.counts) <= ({0, 0xFFFFFF} if record.by_color else {0, 255})
        if by_color and not record.by_color and not record.palette and not clear:
            colored = next(pair.mask for pair, other in held if other.by_color or other.palette)
            raise DataError(
                f"{pair.mask} holds ids, but {colored} holds colours: save all masks in one way, or {_WRITE}"
            )
        if record.lossy and not clear:
            raise DataError(
                f"{pair.mask} is a JPEG, which does not keep values exactly, and the masks hold {values} "
                f"values or more: save masks as PNG from their source, or {_WRITE}"
            )


def from_colors(totals: Mapping[int, tuple[int, int]], worst: Mask) -> tuple[Description, str]:
    """Take each colour for a class, and return the classes and a note; `worst` holds most colours."""
    if len(totals) > MAX_COLORS:
        frequent = ", ".join(map(hex_color, sorted(totals, key=lambda value: -totals[value][0])[:5]))
        raise DataError(
            f"the masks hold {len(totals)} colours or more, most of them in {worst}; expected at most "
            f"{MAX_COLORS}: suspected cause is soft (anti-aliased) edges, JPEG or a resize. Save them as PNG "
            f"without smoothing, or name the true colours in {FILE_NAME}; the most frequent are {frequent}"
        )
    colors = dict(enumerate(unpack_color(value) for value in sorted(totals)))
    description = Description({id_: hex_color(value) for id_, value in enumerate(sorted(totals))}, colors)
    note = (
        f"colour masks without {FILE_NAME}: each of the {len(totals)} colours is taken for a class and none "
        "is ignored; `pixelwise classes` drafts the file in which they get names"
    )
    return description, note


def from_ids(totals: Mapping[int, tuple[int, int]], worst: Mask) -> tuple[Description, str]:
    """Take values for classes, and return these and a note; `worst` holds most values."""
    values = set(totals)
    below = tuple(sorted(value for value in values if value < 0))
    if values - {*below} == {0, 255}:
        only = "hold 0 and 255 only" if not below else "hold 0 and 255"
        note = f"the masks {only}: taken for the two classes background and object"
        return Description({0: "background", 255: "object"}, ignore=below), "; ".join(
            [note, *_ignoring(below)]
        )
    classes = sorted(values - {255, *below})
    if len(classes) > 255:
        raise DataError(
            f"the masks hold {len(classes)} different values, most of them in {worst}; expected at most 255 "
            f"classes: these may be ids of instances. Save ids of classes, or {_WRITE}"
        )
    between = values - {0, 255}
    if {0, 255} <= values and len(between) >= 32 and max(between) >= 200:
        raise DataError(
            f"the masks hold 0, 255 and {len(between)} values between, most of them in {worst}: suspected "
            f"cause is soft (anti-aliased) edges of 0/255 masks. Save them without smoothing, or {_WRITE}"
        )
    if not classes:
        raise DataError(f"the masks hold nothing but {_listed(values)}, which is ignored: {_WRITE}")
    ignore = (*below, IGNORE_INDEX)
    missing = classes[-1] + 1 - len(classes)
    if missing > len(classes) or classes[-1] > 255:
        listed = ", ".join(map(str, classes[:12])) + (", ..." if len(classes) > 12 else "")
        notes = [
            f"the values {listed} in the masks are taken for classes and become ids 0 to {len(classes) - 1}"
        ]
    else:
        notes = [f"no {FILE_NAME}: values 0 to {classes[-1]} in the masks are taken for classes"]
        if missing:
            notes.append(f"{missing} of them occur in no mask")
        classes = list(range(classes[-1] + 1))
    notes += _ignoring(values.intersection(ignore))
    return Description({value: f"class_{value}" for value in classes}, ignore=ignore), "; ".join(notes)


def _ignoring(values: Collection[int]) -> list[str]:
    """Return the sentence that tells which values are ignored, if any are."""
    return [f"value {_listed(values)} is ignored"] if values else []


def _listed(values: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(values)))


def with_palette(description: Description, held: Held) -> Description:
    """Return the description with the colours of the masks' palettes, unless they are mere greys."""
    found: dict[int, Color] = {}
    for _, record in held:
        found |= {value: unpack_color(color) for value, color in record.palette.items()}
    if all(red == green == blue for red, green, blue in found.values()):
        return description
    spare = default_palette(len(description.names))
    colors = {value: found.get(value, spare[id_]) for id_, value in enumerate(description.values)}
    colors |= {value: found[value] for value in description.ignore if value in found}
    return Description(description.names, colors, description.ignore)
