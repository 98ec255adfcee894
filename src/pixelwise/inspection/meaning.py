"""What the values in masks mean, also where the masks are too unclear to train on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..data.choices import Choices
from ..data.description import Description, read_content, read_description
from ..data.discover import Discovery, compare, interpret
from ..data.guess import Held
from ..data.masks import hex_color, unpack_color
from ..data.remap import remap
from ..data.source import blamed_on
from ..data.stored import Again
from ..errors import DataError
from .record import Entry, MaskFacts

_MAIN = 0.001


@dataclass(frozen=True)
class Meaning:
    """The classes of a data set.

    Attributes:
        description: The classes by value.
        source: The same before `merge`, `drop` and `rename` of the `dataset.yaml`.
        by_color: Whether the masks are colour pictures.
        described: Whether a description says so; otherwise the masks do.
        unclear: Why training would refuse the masks, where it would; the classes are mere guesses then, from
            the values that form areas.
        notes: What was assumed.
    """

    description: Description
    source: Description
    by_color: bool = False
    described: bool = True
    unclear: str = ""
    notes: tuple[str, ...] = ()


def meaning_of(path: Path, choices: Choices, entries: Iterable[Entry]) -> Meaning:
    """Return what masks mean that say nothing of their classes themselves.

    Without a description, masks with soft edges have no say as long as there are others.

    Args:
        path: The `dataset.yaml`; there may be none.
        choices: What it decides.
        entries: The pairs; can be gone through again.

    Raises:
        DataError: the `dataset.yaml` is not usable.
    """
    facts = Again(
        lambda: ((pair, record.mask) for _, pair, record in entries if isinstance(record.mask, MaskFacts))
    )
    held = Again(lambda: ((pair, found.record) for pair, found in facts))
    clear = Again(
        lambda: (
            (pair, found.record) for pair, found in facts if not found.smoothed and not found.record.lossy
        )
    )
    with blamed_on(path):
        described = "names" in read_content(path)
    if described:
        source = read_description(path)
        found = compare(source, held)
        with blamed_on(path):
            description = remap(source, choices)
            description.codec(found.by_color)
        return Meaning(description, source, found.by_color, notes=found.notes)
    try:
        found = _interpreted([entry.pair.name for entry in entries], clear if any(clear) else held)
    except DataError as error:
        description, by_color = _guess(Again(lambda: (found for _, found in facts)))
        note = "the classes are guessed: the values that form areas in the masks"
        return Meaning(description, description, by_color, False, str(error), (note,))
    description = remap(found.description, choices)
    return Meaning(description, found.description, found.by_color, False, "", found.notes)


def _interpreted(names: list[str], held: Held) -> Discovery:
    """Return what masks hold, whose classes training would find too."""
    if not any(held):
        raise DataError("no mask can be read")
    found = interpret(names, held)
    found.description.codec(found.by_color)
    return found


def _guess(facts: Iterable[MaskFacts]) -> tuple[Description, bool]:
    """Return the values that form areas in the masks, as classes, and whether they are colours."""
    by_color = any(found.record.by_color and not found.record.grey for found in facts)
    pixels: dict[int, int] = defaultdict(int)
    total = 0
    for found in facts:
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
