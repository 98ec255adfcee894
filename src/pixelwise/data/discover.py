"""Find the classes of a data set that has no `dataset.yaml` from what its masks hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import DataError, ImageError
from ..labels import Color, default_palette
from .description import FILE_NAME, Description
from .known import recognize
from .masks import Mask, hex_color, pack_color, unpack_color
from .memory import Memory
from .scan import MaskRecord, Progress, scan_masks, total

MAX_COLORS = 64
"""Colours in masks that are believed to be classes when no description says so."""

STRAY = 0.1
"""Share of the masks up to which those of another kind than the rest are taken for mistakes."""

_WRITE = f"write {FILE_NAME} (see the README) to say which values are classes"


@dataclass(frozen=True)
class Discovery:
    """What masks hold, and what it is taken to mean.

    Attributes:
        description: The classes.
        by_color: Whether the masks are colour pictures.
        totals: Pixels and masks of each value (of each colour 0xRRGGBB) in the masks that were read.
        records: What each of these masks holds.
        notes: What was assumed, a sentence each.
    """

    description: Description
    by_color: bool
    totals: Mapping[int, tuple[int, int]]
    records: Mapping[Mask, MaskRecord]
    notes: tuple[str, ...]


def discover(
    names: Sequence[str],
    masks: Sequence[Mask],
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Discovery:
    """Read all masks in parallel and say which classes they hold; pictures are not opened.

    Masks that cannot be read are left out here; `check_data` reports them.

    Args:
        names: Names of the pictures, which tell public data sets.
        masks: Their masks.
        progress: Told how many masks are done.
        memory: What earlier runs found; masks that have not changed since are not read again.

    Raises:
        DataError: no mask can be read, or what they hold cannot be classes.
    """
    records, errors = scan_masks(masks, progress, memory)
    if not records:
        first: ImageError = next(iter(errors.values()))
        raise DataError(f"none of the {len(masks)} masks can be read; the first: {first}")
    found = interpret(names, records)
    return replace(found, notes=(*found.notes, *_unread(errors, len(masks))))


def interpret(names: Sequence[str], records: Mapping[Mask, MaskRecord]) -> Discovery:
    """Say which classes masks hold that are read already, one or more.

    Args:
        names: Names of the pictures, which tell public data sets.
        records: What their masks hold.

    Raises:
        DataError: what they hold cannot be classes.
    """
    main = _of_one_kind(records)
    by_color = any(record.by_color and not record.grey for record in main.values())
    by_color = by_color or _palettes_disagree(main)
    totals = total(_as_kind(record, by_color) for record in main.values())
    known = None if by_color else recognize(names, [record.counts.keys() for record in main.values()])
    if known is not None:
        description, note = known.description, known.note
    else:
        _refuse_unclear(main, by_color, len(totals))
        worst = max(main, key=lambda path: len(main[path].counts))
        description, note = _from_colors(totals, worst) if by_color else _from_ids(totals, worst)
        if not by_color:
            description = _with_palette(description, main)
    return Discovery(description, by_color, totals, records, (note,))


def _of_one_kind(records: Mapping[Mask, MaskRecord]) -> Mapping[Mask, MaskRecord]:
    """Return the masks without stray ones of the other kind: a few colours among ids, or ids among colours.

    What is left out has no say in what the classes are; `check_data` reports it.
    """
    palette = {color for record in records.values() for color in record.palette.values()}
    colored = {
        mask
        for mask, record in records.items()
        if record.by_color and not record.grey and not set(record.counts) <= palette
    }
    bare = {mask for mask, record in records.items() if not record.by_color and not record.palette}
    for stray, others in ((colored, len(records) - len(colored)), (bare, len(colored))):
        if stray and others and len(stray) <= STRAY * len(records):
            return {mask: record for mask, record in records.items() if mask not in stray}
    return records


def match(description: Description, masks: Sequence[Mask], progress: Progress | None = None) -> Discovery:
    """Read masks that a description belongs to, and tell whether they hold its values or its colours.

    Args:
        description: The classes.
        masks: All masks of the data set, or some.
        progress: Told how many masks are done.
    """
    records, errors = scan_masks(masks, progress)
    return replace(compare(description, records), notes=_unread(errors, len(masks)))


def compare(description: Description, records: Mapping[Mask, MaskRecord]) -> Discovery:
    """Tell whether masks that are read already hold a description's values or its colours."""
    ids = {*description.names, *description.ignore}
    colors = {pack_color(color) for color in (*description.colors.values(), *description.ignore_colors)}

    def in_colors(record: MaskRecord) -> bool:
        values = set(record.counts)
        are_ids = record.grey and {value & 255 for value in values} <= ids
        return record.by_color and (values <= colors or not are_ids)

    colored = sum(in_colors(record) for record in records.values())  # a stray one is left to `check_data`
    by_color = 2 * colored > len(records) or _palettes_disagree(records)
    totals = total(_as_kind(record, by_color) for record in records.values())
    return Discovery(description, by_color, totals, records, ())


def _unread(errors: Mapping[Mask, ImageError], number: int) -> tuple[str, ...]:
    if not errors:
        return ()
    first = next(iter(errors.values()))
    return (f"{len(errors)} of {number} masks cannot be read and are left out; the first: {first}",)


def _palettes_disagree(records: Mapping[Mask, MaskRecord]) -> bool:
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


def _refuse_unclear(records: Mapping[Mask, MaskRecord], by_color: bool, values: int) -> None:
    """Raise where the masks are of two kinds, or of a kind that mixes values (JPEG)."""
    for path, record in records.items():
        clear = set(record.counts) <= ({0, 0xFFFFFF} if record.by_color else {0, 255})
        if by_color and not record.by_color and not record.palette and not clear:
            colored = next(path for path, other in records.items() if other.by_color or other.palette)
            raise DataError(
                f"{path} holds ids, but {colored} holds colours: save all masks in one way, or {_WRITE}"
            )
        if record.lossy and not clear:
            raise DataError(
                f"{path} is a JPEG, which does not keep values exactly, and the masks hold {values} values "
                f"or more: save masks as PNG from their source, or {_WRITE}"
            )


def _from_colors(totals: Mapping[int, tuple[int, int]], worst: Mask) -> tuple[Description, str]:
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


def _from_ids(totals: Mapping[int, tuple[int, int]], worst: Mask) -> tuple[Description, str]:
    values = set(totals)
    if values == {0, 255}:
        note = "the masks hold 0 and 255 only: taken for the two classes background and object"
        return Description({0: "background", 255: "object"}), note
    classes = sorted(values - {255})
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
        raise DataError(f"the masks hold nothing but 255, which is ignored: {_WRITE}")
    ignore = (255,) if classes[-1] < 255 else ()
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
    return Description({value: f"class_{value}" for value in classes}, ignore=ignore), "; ".join(notes)


def _with_palette(description: Description, records: Mapping[Mask, MaskRecord]) -> Description:
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
