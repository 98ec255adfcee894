"""Find the classes of a data set that has no `dataset.yaml` from what its masks hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import DataError, ImageError
from .description import FILE_NAME, Description
from .guess import MAX_COLORS, NAME_THEM, Held, from_colors, from_ids, refuse_unclear, with_palette
from .known import recognize
from .memory import Memory
from .pairs import Pair
from .palettes import colors_tell, disagreement, refuse_greys
from .scan import MaskRecord, Progress, in_parallel, scanner, total
from .stored import Again, Stored

STRAY = 0.1
"""Share of the masks up to which those of another kind than the rest are taken for mistakes."""

PEEKED = 8
"""Masks that are read where a description says what all of them hold."""


@dataclass(frozen=True)
class Discovery:
    """What masks hold, and what it is taken to mean.

    Attributes:
        description: The classes.
        by_color: Whether the masks are colour pictures.
        totals: Pixels and masks of each value (of each colour 0xRRGGBB) in the masks that were read.
        notes: What was assumed, a sentence each.
        unread: A line for each mask that could not be read, and is left out.
    """

    description: Description
    by_color: bool
    totals: Mapping[int, tuple[int, int]]
    notes: tuple[str, ...]
    unread: tuple[str, ...] = ()


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
    return _without(unread, discovery, len(pairs))


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


def _unread(found: Iterable[MaskRecord | ImageError]) -> tuple[str, ...]:
    return tuple(str(record) for record in found if isinstance(record, ImageError))


def _without(unread: tuple[str, ...], discovery: Discovery, masks: int) -> Discovery:
    """Return a discovery that tells which of so many masks were left out."""
    if not unread:
        return discovery
    note = f"{len(unread)} of {masks} masks cannot be read and are left out; the first: {unread[0]}"
    return replace(discovery, notes=(*discovery.notes, note), unread=unread)


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
        refuse_unclear(main, by_color, len(totals))
        worst = max(main, key=lambda entry: len(entry[1].counts))[0].mask
        if unlike and len(totals) > MAX_COLORS:
            raise DataError(f"{unlike}, {len(totals)} colours or more in all: if ids are meant, {NAME_THEM}")
        description, note = from_colors(totals, worst) if by_color else from_ids(totals, worst)
        if not by_color:
            description = with_palette(description, main)
    notes = (note, f"{unlike}; if ids are meant, {NAME_THEM}") if unlike else (note,)
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
    if len(few) < len(pairs) and any(record.palette for _, record in held):
        return match(description, pairs, progress, memory, whole=True)
    return _without(_unread(found), compare(description, held), len(few))


def compare(description: Description, held: Held) -> Discovery:
    """Tell whether masks that are read already hold a description's values or its colours.

    Where palettes disagree, these are values, unless the palettes hold its colours at other values.

    Raises:
        DataError: palettes that disagree hold its values as greys, at ids of each file's own.
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
    if unlike and not by_color:
        refuse_greys(description, held, unlike)
    taken = "colours" if by_color else "ids"
    notes = (f"{unlike}; the {taken} are taken, as {FILE_NAME} describes them",) if unlike else ()
    return Discovery(description, by_color, _total(held, by_color), notes)


def _total(held: Held, by_color: bool) -> dict[int, tuple[int, int]]:
    """Return how many pixels and masks hold each value, as ids or as colours."""
    return total(record.of_kind(by_color) for _, record in held)
