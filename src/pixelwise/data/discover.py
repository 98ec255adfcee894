"""Find the classes of a data set that has no `dataset.yaml` from what its masks hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import DataError, ImageError
from ..labels import Color, default_palette
from .description import FILE_NAME, Description
from .known import recognize
from .masks import Mask, hex_color, unpack_color
from .memory import Memory
from .pairs import Pair
from .palettes import colors_tell, disagreement
from .scan import MaskRecord, Progress, in_parallel, scanner, total
from .stored import Again, Stored

MAX_COLORS = 64
"""Colours in masks that are believed to be classes when no description says so."""

STRAY = 0.1
"""Share of the masks up to which those of another kind than the rest are taken for mistakes."""

PEEKED = 8
"""Masks that are read where a description says what all of them hold."""

_WRITE = f"write {FILE_NAME} (see the README) to say which values are classes"

_NAME = f"name them in {FILE_NAME}: a line 'names:' and below it a line 'ID: NAME' for each"

Held = Iterable[tuple[Pair, MaskRecord]]
"""Masks and what they hold; can be gone through again, and need not fit in memory."""


@dataclass(frozen=True)
class Discovery:
    """What masks hold, and what it is taken to mean.

    Attributes:
        description: The classes.
        by_color: Whether the masks are colour pictures.
        totals: Pixels and masks of each value (of each colour 0xRRGGBB) in the masks that were read.
        notes: What was assumed, a sentence each.
    """

    description: Description
    by_color: bool
    totals: Mapping[int, tuple[int, int]]
    notes: tuple[str, ...]


def discover(
    pairs: Sequence[Pair], progress: Progress | None = None, memory: Memory | None = None
) -> Discovery:
    """Read all masks in parallel and say which classes they hold; pictures are not opened.

    Masks that cannot be read are left out here; `check_data` reports them.

    Args:
        pairs: The pictures, whose names tell public data sets, and their masks.
        progress: Told how many masks are done.
        memory: What earlier runs found; masks that have not changed since are not read again.

    Raises:
        DataError: no mask can be read, or what they hold cannot be classes.
    """
    found = _read(pairs, progress, memory)
    held, unread = _readable(pairs, found), _unread(found)
    if len(found) == len(unread):
        raise DataError(f"none of the {len(pairs)} masks can be read; the first: {unread[0]}")
    discovery = interpret([pair.name for pair in pairs], held)
    return replace(discovery, notes=(*discovery.notes, *_notes(unread, len(pairs))))


def _read(
    pairs: Sequence[Pair], progress: Progress | None, memory: Memory | None = None
) -> Stored[MaskRecord | ImageError]:
    """Read masks in parallel."""
    scan = scanner(memory)
    return Stored(in_parallel(lambda pair: scan(pair.mask), pairs, progress))


def _readable(pairs: Sequence[Pair], found: Stored[MaskRecord | ImageError]) -> Held:
    return Again(
        lambda: (
            (pair, record)
            for pair, record in zip(pairs, found, strict=True)
            if isinstance(record, MaskRecord)
        )
    )


def _unread(found: Iterable[MaskRecord | ImageError]) -> list[ImageError]:
    return [record for record in found if isinstance(record, ImageError)]


def _notes(unread: Sequence[ImageError], of: int) -> tuple[str, ...]:
    if not unread:
        return ()
    return (f"{len(unread)} of {of} masks cannot be read and are left out; the first: {unread[0]}",)


def interpret(names: Sequence[str], held: Held) -> Discovery:
    """Say which classes masks hold that are read already, one or more.

    Args:
        names: Names of the pictures, which tell public data sets.
        held: What their masks hold.

    Raises:
        DataError: what they hold cannot be classes.
    """
    main = _of_one_kind(held)
    by_color = any(record.by_color and not record.grey for _, record in main)
    unlike = "" if by_color else disagreement(main)
    by_color = by_color or bool(unlike)
    totals = _total(main, by_color)
    known = None if by_color else recognize(names, Again(lambda: (set(record.counts) for _, record in main)))
    if known is not None:
        description, note = known.description, known.note
    else:
        _refuse_unclear(main, by_color, len(totals))
        worst = max(main, key=lambda entry: len(entry[1].counts))[0].mask
        if unlike and len(totals) > MAX_COLORS:
            raise DataError(f"{unlike}, {len(totals)} colours or more in all: if ids are meant, {_NAME}")
        description, note = _from_colors(totals, worst) if by_color else _from_ids(totals, worst)
        if not by_color:
            description = _with_palette(description, main)
    notes = (note, f"{unlike}; if ids are meant, {_NAME}") if unlike else (note,)
    return Discovery(description, by_color, totals, notes)


def _of_one_kind(held: Held) -> Held:
    """Return the masks without stray ones of the other kind: a few colours among ids, or ids among colours.

    What is left out has no say in what the classes are; `check_data` reports it.
    """
    palette = {color for _, record in held for color in record.palette.values()}

    def colored(record: MaskRecord) -> bool:
        return record.by_color and not record.grey and not set(record.counts) <= palette

    def bare(record: MaskRecord) -> bool:
        return not record.by_color and not record.palette

    kinds = Counter((colored(record), bare(record)) for _, record in held)
    masks, colors, ids = kinds.total(), kinds[True, False], kinds[False, True]
    if 0 < colors <= STRAY * masks and masks > colors:
        return Again(lambda: (entry for entry in held if not colored(entry[1])))
    if 0 < ids <= STRAY * masks and colors:
        return Again(lambda: (entry for entry in held if not bare(entry[1])))
    return held


def match(
    description: Description,
    pairs: Sequence[Pair],
    progress: Progress | None = None,
    memory: Memory | None = None,
    *,
    whole: bool = False,
) -> Discovery:
    """Tell whether the masks that a description belongs to hold its values or its colours.

    A few masks tell that, but for palettes: a single one that is numbered anew decides for all.

    Args:
        description: The classes.
        pairs: All pairs of the data set.
        progress: Told how many masks are done.
        memory: What earlier runs found.
        whole: Read all masks in any case.
    """
    few = pairs if whole else pairs[:: max(1, len(pairs) // PEEKED)][:PEEKED]
    found = _read(few, progress, memory)
    held = _readable(few, found)
    if description.packed_colors and len(few) < len(pairs) and any(record.palette for _, record in held):
        return match(description, pairs, progress, memory, whole=True)
    discovery = compare(description, held)
    return replace(discovery, notes=(*discovery.notes, *_notes(_unread(found), len(few))))


def compare(description: Description, held: Held) -> Discovery:
    """Tell whether masks that are read already hold a description's values or its colours.

    Where palettes disagree, these are values, unless the palettes hold its colours at other values.
    """
    ids = {*description.names, *description.ignore}
    colors = description.packed_colors

    def in_colors(record: MaskRecord) -> bool:
        values = set(record.counts)
        are_ids = record.grey and {value & 255 for value in values} <= ids
        return record.by_color and (values <= colors or not are_ids)

    colored = Counter(in_colors(record) for _, record in held)  # a stray one is left to `check_data`
    by_color = colored[True] > colored[False]
    unlike = "" if by_color else disagreement(held)
    by_color = by_color or (bool(unlike) and colors_tell(description, held))
    taken = "colours" if by_color else "ids"
    notes = (f"{unlike}; the {taken} are taken, as {FILE_NAME} describes them",) if unlike else ()
    return Discovery(description, by_color, _total(held, by_color), notes)


def _total(held: Held, by_color: bool) -> dict[int, tuple[int, int]]:
    """Return how many pixels and masks hold each value, as ids or as colours."""
    return total(record.of_kind(by_color) for _, record in held)


def _refuse_unclear(held: Held, by_color: bool, values: int) -> None:
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
    if 255 in values:
        notes.append("value 255 is ignored")
    return Description({value: f"class_{value}" for value in classes}, ignore=(255,)), "; ".join(notes)


def _with_palette(description: Description, held: Held) -> Description:
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
