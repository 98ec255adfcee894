"""Find the classes of a data set that has no `dataset.yaml` from what its masks hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, ImageError
from ..labels import Color, default_palette
from .description import FILE_NAME, Description
from .known import recognize
from .masks import hex_color, unpack_color
from .scan import MaskRecord, Progress, scan_masks, total

MAX_COLORS = 64
"""Colours in masks that are believed to be classes when no description says so."""

_WRITE = f"write {FILE_NAME} (see the README) to say which values are classes"


@dataclass(frozen=True)
class Discovery:
    """What the masks of a data set hold, and what it is taken to mean.

    Attributes:
        description: The classes.
        by_color: Whether the masks are colour pictures.
        totals: Pixels and masks of each value (of each colour 0xRRGGBB).
        records: What each mask that could be read holds.
        notes: What was assumed, a sentence each.
    """

    description: Description
    by_color: bool
    totals: Mapping[int, tuple[int, int]]
    records: Mapping[Path, MaskRecord]
    notes: tuple[str, ...]


def discover(names: Sequence[str], masks: Sequence[Path], progress: Progress | None = None) -> Discovery:
    """Read all masks in parallel and say which classes they hold; pictures are not opened.

    Masks that cannot be read are left out here; `check_data` reports them.

    Args:
        names: Names of the pictures, which tell public data sets.
        masks: Their masks.
        progress: Told how many masks are done.

    Raises:
        DataError: no mask can be read, or what they hold cannot be classes.
    """
    records, errors = scan_masks(masks, progress)
    if not records:
        first: ImageError = next(iter(errors.values()))
        raise DataError(f"none of the {len(masks)} masks can be read; the first: {first}")
    by_color = any(record.by_color and not record.grey for record in records.values())
    by_color = by_color or palettes_disagree(records)
    records_of_kind = [_as_kind(record, by_color) for record in records.values()]
    totals = total(records_of_kind)
    worst = max(records, key=lambda path: len(records[path].counts))
    lossy = next((path for path, record in records.items() if record.lossy), None)
    if by_color:
        description, notes = _from_colors(totals, worst, lossy)
    else:
        known = recognize(names, totals.keys())
        if known is not None:
            return Discovery(known.description, False, totals, records, (known.note,))
        description, notes = _from_ids(totals, worst, lossy)
        description = _with_palette(description, records)
    return Discovery(description, by_color, totals, records, notes)


def palettes_disagree(records: Mapping[Path, MaskRecord]) -> bool:
    """Say whether an id has different colours in different masks, as when a tool made the palettes."""
    colors: dict[int, int] = {}
    return any(
        colors.setdefault(value, color) != color
        for record in records.values()
        for value, color in record.palette.items()
    )


def _as_kind(record: MaskRecord, by_color: bool) -> MaskRecord:
    """Return the record with its values as ids, or as colours."""
    if record.by_color == by_color:
        return record
    counts: dict[int, int] = {}
    for value, pixels in record.counts.items():
        other = record.palette.get(value, min(value, 255) * 0x010101) if by_color else value & 255
        counts[other] = counts.get(other, 0) + pixels
    return MaskRecord(record.size, counts, record.rest, by_color, lossy=record.lossy)


def _from_colors(
    totals: Mapping[int, tuple[int, int]], worst: Path, lossy: Path | None
) -> tuple[Description, tuple[str, ...]]:
    if len(totals) > MAX_COLORS:
        frequent = sorted(totals, key=lambda value: -totals[value][0])[:5]
        cause = "JPEG, which blurs colours" if lossy else "soft (anti-aliased) edges or a resize"
        raise DataError(
            f"the masks hold {len(totals)} colours or more, most of them in {lossy or worst}; expected at "
            f"most {MAX_COLORS}: suspected cause is {cause}. Save them as PNG without smoothing, or name the "
            f"true colours in {FILE_NAME}; the most frequent are {', '.join(map(hex_color, frequent))}"
        )
    colors = dict(enumerate(unpack_color(value) for value in sorted(totals)))
    description = Description({id_: hex_color(value) for id_, value in enumerate(sorted(totals))}, colors)
    note = (
        f"colour masks without {FILE_NAME}: each of the {len(totals)} colours is taken for a class and none "
        "is ignored; `pixelwise classes` drafts the file in which they get names"
    )
    return description, (note,)


def _from_ids(
    totals: Mapping[int, tuple[int, int]], worst: Path, lossy: Path | None
) -> tuple[Description, tuple[str, ...]]:
    values = set(totals)
    if values == {0, 255}:
        note = "the masks hold 0 and 255 only: taken for the two classes background and object"
        return Description({0: "background", 255: "object"}), (note,)
    if lossy is not None:
        raise DataError(
            f"{lossy} is a JPEG, which does not keep values exactly, and the masks hold {len(values)} "
            f"values: save masks as PNG from their source, or {_WRITE}"
        )
    between = values - {0, 255}
    if {0, 255} <= values and len(between) >= 32 and max(between) >= 200:
        raise DataError(
            f"the masks hold 0, 255 and {len(between)} values between, most of them in {worst}: suspected "
            f"cause is soft (anti-aliased) edges of 0/255 masks. Save them without smoothing, or {_WRITE}"
        )
    classes = sorted(values - {255})
    if not classes:
        raise DataError(f"the masks hold nothing but 255, which is ignored: {_WRITE}")
    ignore = (255,) if classes[-1] < 255 else ()
    if len(classes) > 255:
        raise DataError(
            f"the masks hold {len(classes)} different values, most of them in {worst}; expected at most 255 "
            f"classes: these may be ids of instances. Save ids of classes, or {_WRITE}"
        )
    missing = classes[-1] + 1 - len(classes)
    if missing > len(classes):
        listed = ", ".join(map(str, classes[:12])) + (", ..." if len(classes) > 12 else "")
        notes = [
            f"the values {listed} in the masks are taken for classes and become ids 0 to {len(classes) - 1}"
        ]
    else:
        notes = [f"no {FILE_NAME}: values 0 to {classes[-1]} in the masks are taken for classes"]
        if missing:
            notes.append(f"{missing} of them occur in no mask")
        classes = list(range(classes[-1] + 1))
    if 255 in values and ignore:
        notes.append("value 255 is ignored")
    return Description({value: f"class_{value}" for value in classes}, ignore=ignore), ("; ".join(notes),)


def _with_palette(description: Description, records: Mapping[Path, MaskRecord]) -> Description:
    """Return the description with the colours of the masks' palettes, unless they are mere greys."""
    found: dict[int, Color] = {}
    for record in records.values():
        found |= {value: unpack_color(color) for value, color in record.palette.items()}
    if all(red == green == blue for red, green, blue in found.values()):
        return description
    spare = default_palette(len(description.names))
    colors = {value: found.get(value, spare[id_]) for id_, value in enumerate(description.values)}
    colors |= {value: found[value] for value in description.ignore if value in found}
    return Description(description.names, colors, description.ignore)
