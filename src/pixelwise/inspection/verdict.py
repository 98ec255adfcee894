"""What is the matter with one mask: every mask falls under one kind of fault, or none."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from ..data.pairs import Pair
from ..errors import ImageError
from .record import SOFT, MaskFacts
from .survey import Survey

_MANY = 8
_WIDE = 0.02


class Trouble(Enum):
    """Why the values of a mask are not those of the classes."""

    NONE = "none"
    OTHER_KIND = "a colour picture among ids, or ids among colours"
    LOSSY = "saved as JPEG"
    SMOOTHED = "soft edges"
    BLACK_AND_WHITE = "0 and 255 among ids"
    STRANGE = "values of no class"


class Verdict(NamedTuple):
    """A mask and its trouble.

    Attributes:
        pair: The pair.
        facts: What its mask holds.
        trouble: What is the matter.
        strange: Pixels of each value that is no class and not ignored.
    """

    pair: Pair
    facts: MaskFacts
    trouble: Trouble
    strange: dict[int, int]


def verdicts(survey: Survey) -> Iterator[Verdict]:
    """Yield the verdict on every mask that can be read."""
    for entry, facts in survey.masks():
        try:
            values = survey.values(facts.record)
        except ImageError:
            yield Verdict(entry.pair, facts, Trouble.OTHER_KIND, {})
            continue
        strange = {value: pixels for value, pixels in values.items() if value not in survey.codec.ids}
        yield Verdict(entry.pair, facts, _trouble(survey, facts, values, strange), strange)


def _trouble(survey: Survey, facts: MaskFacts, values: dict[int, int], strange: dict[int, int]) -> Trouble:
    if facts.record.lossy:
        return Trouble.LOSSY
    if _smoothed(facts, strange):
        return Trouble.SMOOTHED
    if _black_and_white(survey, facts, values):
        return Trouble.BLACK_AND_WHITE
    return Trouble.STRANGE if strange else Trouble.NONE


def _smoothed(facts: MaskFacts, strange: dict[int, int]) -> bool:
    """Say whether a mask's edges lead through values between, or hold many values that form no areas."""
    lines = set(facts.record.counts) - set(facts.areas)
    if facts.smoothed or (facts.soft >= SOFT and lines and strange):
        return True
    return len(strange) >= _MANY and 2 * len(lines) >= len(facts.record.counts)


def _black_and_white(survey: Survey, facts: MaskFacts, values: dict[int, int]) -> bool:
    """Say whether a mask holds 0 and wide areas of 255, where 255 is no class."""
    if survey.meaning.by_color or set(values) != {0, 255} or 255 not in facts.areas:
        return False
    wide = values[255] >= _WIDE * sum(values.values())
    return wide and survey.codec.ids.get(255, 255) == 255
