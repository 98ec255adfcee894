"""What the values in masks mean, also where the masks are too unclear to train on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.choices import read_choices
from ..data.description import Description, read_content, read_description
from ..data.discover import Discovery, compare, interpret
from ..data.folder import blamed_on
from ..data.masks import Mask, hex_color, unpack_color
from ..data.remap import remap
from ..data.scan import MaskRecord
from ..errors import DataError
from .record import Entry, MaskFacts

_MAIN = 0.001


@dataclass(frozen=True)
class Meaning:
    """The classes of a data set.

    Attributes:
        description: The classes by value.
        by_color: Whether the masks are colour pictures.
        described: Whether a description says so; otherwise the masks do.
        unclear: Why training would refuse the masks, where it would; the classes are mere guesses then, from
            the values that form areas.
        notes: What was assumed.
    """

    description: Description
    by_color: bool = False
    described: bool = True
    unclear: str = ""
    notes: tuple[str, ...] = ()


def meaning_of(path: Path, entries: Sequence[Entry]) -> Meaning:
    """Return what masks mean that say nothing of their classes themselves.

    Without a description, masks with soft edges have no say as long as there are others.

    Args:
        path: The `dataset.yaml`; there may be none.
        entries: The pairs.

    Raises:
        DataError: the `dataset.yaml` is not usable.
    """
    facts: dict[Mask, MaskFacts] = {}
    for entry in entries:
        if isinstance(entry.record.mask, MaskFacts):
            facts[entry.pair.mask] = entry.record.mask
    records = {mask: found.record for mask, found in facts.items()}
    with blamed_on(path):
        content = read_content(path)
        choices = read_choices(content)
    if "names" in content:
        description = read_description(path)
        by_color = compare(description, records).by_color
        with blamed_on(path):
            description = remap(description, choices)
            description.codec(by_color)
        return Meaning(description, by_color)
    clear = {
        mask: records[mask] for mask, found in facts.items() if not found.smoothed and not found.record.lossy
    }
    try:
        found = _interpreted([entry.pair.name for entry in entries], clear or records)
    except DataError as error:
        description, by_color = _guess(facts.values())
        note = "the classes are guessed: the values that form areas in the masks"
        return Meaning(description, by_color, False, str(error), (note,))
    return Meaning(remap(found.description, choices), found.by_color, False, "", found.notes)


def _interpreted(names: list[str], records: Mapping[Mask, MaskRecord]) -> Discovery:
    """Return what masks hold, whose classes training would find too."""
    if not records:
        raise DataError("no mask can be read")
    found = interpret(names, records)
    found.description.codec(found.by_color)
    return found


def _guess(facts: Iterable[MaskFacts]) -> tuple[Description, bool]:
    """Return the values that form areas in the masks, as classes, and whether they are colours."""
    known = list(facts)
    by_color = any(found.record.by_color and not found.record.grey for found in known)
    pixels: dict[int, int] = defaultdict(int)
    total = 0
    for found in known:
        narrow = found.record.by_color and not by_color
        areas = set(found.areas)
        total += sum(found.record.counts.values()) + found.record.rest
        for value, number in found.record.counts.items():
            if value in areas:
                pixels[value & 255 if narrow else value] += number
    main = sorted(value for value, number in pixels.items() if number >= _MAIN * total)[:255] or [0]
    if not by_color:
        return Description({value: f"class_{value}" for value in main}), False
    colors = {id_: unpack_color(value) for id_, value in enumerate(main)}
    return Description({id_: hex_color(value) for id_, value in enumerate(main)}, colors), True
