"""Findings on pictures: sizes, what is on them, and whether their masks lie where they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...data.bands import Bands
from ...data.form import common_bands
from ..finding import Finding, Found, Severity, count, on_masks, on_pictures
from ..survey import Survey

TINY = 32
"""Side in pixels below which a picture is tiny: a network of stride 32 sees one cell of it."""

HUGE = 25_000_000
"""Pixels above which a picture is huge: its activations fill most memories."""

GAIN = 4.0
"""By how much (in standard deviations over all shifts) borders must fit better where they are shifted to."""

SURE = 5.0
"""How clearly (likewise) borders must fit there at all."""

LEAST = 0.015
"""Shift, as a share of the longer side, below which the borders of a mask are merely drawn loosely."""

LEAST_PIXELS = 6
"""The same in pixels, for small pictures: cast shadows lie off the objects by fewer, and have edges too."""


def sizes(survey: Survey) -> Iterator[Finding]:
    """Find tiny and huge pictures."""
    tiny, huge = Found(), Found()
    for entry, facts in survey.pictures():
        text = f"{facts.size[1]} x {facts.size[0]}"
        if min(facts.size) < TINY:
            tiny.add(entry.pair, text)
        elif facts.size[0] * facts.size[1] > HUGE:
            huge.add(entry.pair, text)
    if tiny:
        yield on_pictures(
            "tiny-picture",
            Severity.WARNING,
            f"{count(len(tiny), 'picture')} with a side below {TINY} pixels",
            tiny,
            why="after five halvings nothing is left of it to learn from; often a thumbnail by mistake",
            mend="use the originals, or delete the pairs",
        )
    if huge:
        yield on_pictures(
            "huge-picture",
            Severity.WARNING,
            f"{count(len(huge), 'picture')} of more than {HUGE // 1_000_000} million pixels",
            huge,
            why="validation reads pictures whole: memory may not suffice, and reading slows every epoch",
            mend="cut them into tiles, or scale pictures (smoothly) and masks (nearest neighbour) down",
        )


def blank(survey: Survey) -> Iterator[Finding]:
    """Find pictures of one colour."""
    found = Found(
        (entry.pair, "one colour")
        for entry, facts in survey.pictures()
        if np.ptp(np.frombuffer(facts.print.small, np.uint8)) <= 1 and min(facts.size) > 1
    )
    if found:
        yield on_pictures(
            "blank-picture",
            Severity.WARNING,
            f"{count(len(found), 'picture')} with nothing on it",
            found,
            why="a picture without content teaches to guess; often a failed export, or 16 bits read as 8",
            mend="look at the files; export them again, or delete the pairs",
        )


def shifted(survey: Survey) -> Iterator[Finding]:
    """Find masks whose borders fit the picture's edges far better at another place."""
    found = Found()
    for entry, facts in survey.masks():
        fit = entry.record.fit
        if fit is None or fit.best < SURE * fit.spread or fit.best - fit.here < GAIN * fit.spread:
            continue
        if max(abs(fit.down), abs(fit.right)) >= max(LEAST * max(facts.record.size), LEAST_PIXELS):
            ways = [(fit.down, "lower", "higher"), (fit.right, "to the right", "to the left")]
            words = [f"{abs(by)} pixels {more if by > 0 else less}" for by, more, less in ways if by]
            found.add(entry.pair, f"about {' and '.join(words)} than the edges in the picture")
    if found:
        yield on_masks(
            "mask-off-edges",
            Severity.WARNING,
            f"{count(len(found), 'mask')} much nearer to the edges of the picture when shifted",
            found,
            why="a mask beside its objects teaches wrong borders, and scores fall for no visible reason",
            mend="look at the overlays; check padding and cropping in the tool that exported the masks",
        )


def bands(survey: Survey) -> Iterator[Finding]:
    """Find pictures that hold other bands, or numbers of another kind, than the rest."""
    kinds: dict[Bands, tuple[int, Path]] = {}
    for entry, facts in survey.pictures():
        number, first = kinds.get(facts.bands) or (0, entry.pair.image)
        kinds[facts.bands] = (number + 1, first)
    choices = survey.choices
    _, usual, kinds_apart = common_bands(kinds, choices.channels, choices.depth)
    if not kinds_apart:
        return
    strange = Found(
        (entry.pair, f"holds {kind}")
        for kind in kinds_apart
        for entry, facts in survey.pictures()
        if facts.bands == kind
    )
    asked = f"depth: {choices.depth}" if usual is None else f"channels: {choices.channels}"
    unmet = usual is None or usual in kinds_apart
    yield on_pictures(
        "mixed-bands",
        Severity.BLOCKS,
        f"{count(len(strange), 'picture')} of other bands or numbers than "
        f"{f'dataset.yaml asks for: {asked}' if unmet else f'the rest: {usual}'}",
        strange,
        why="a network takes one number of channels, and a number must mean the same in all pictures",
        mend="save all pictures with the same bands and numbers, or correct `channels` in dataset.yaml; "
        "a line `depth: 8` there has grey and RGB of any depth read as 8-bit RGB",
    )


PICTURES = (bands, sizes, blank, shifted)
