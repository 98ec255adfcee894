"""Findings on the values in masks: what is no class, and why that may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...data.description import FILE_NAME
from ...data.masks import hex_color, pack_color
from ...data.stored import Again, Stored
from ...labels import IGNORE_INDEX
from ..finding import Finding, Found, Severity, count, finding, on_masks
from ..survey import Survey
from ..verdict import Trouble, Verdict, verdicts

_VOID_COLORS = (0x000000, 0xFFFFFF, 0xE0E0C0)
_LISTED = 8


def values(survey: Survey) -> Iterator[Finding]:
    """Find everything that is wrong with the values in masks; each mask is judged once."""
    yield from unclear(survey)
    judged = Stored(verdict for verdict in verdicts(survey) if verdict.trouble is not Trouble.NONE)
    for kind in (mixed_kinds, lossy, smoothed, black_and_white, strange):
        yield from kind(survey, judged)


def unclear(survey: Survey) -> Iterator[Finding]:
    """Find masks of which training would not know what classes they hold."""
    if survey.meaning.unclear:
        why = "training asks which values are classes, and does not start"
        mend = f"mend the masks as said below, or write {FILE_NAME}, of which --fix writes a guess"
        title = f"the classes are unclear: {survey.meaning.unclear}"
        yield finding(
            "unclear-classes", Severity.BLOCKS, title, why=why, mend=mend, fix="writes a guess to look at"
        )


def mixed_kinds(survey: Survey, judged: Stored[Verdict]) -> Iterator[Finding]:
    """Find colour masks among ids, and ids among colours."""
    found = Found(
        (verdict.pair, verdict.facts.kind) for verdict in judged if verdict.trouble is Trouble.OTHER_KIND
    )
    if found:
        ours, theirs = ("ids", "colours") if survey.meaning.by_color else ("colours", "ids")
        yield on_masks(
            "mixed-kinds",
            Severity.BLOCKS,
            f"{count(len(found), 'mask')} with {ours}, where the others hold {theirs}",
            found,
            why="the same class stands under two values, and training refuses what it does not know",
            mend="export these masks again in the way of the others",
        )


def lossy(survey: Survey, judged: Stored[Verdict]) -> Iterator[Finding]:
    """Find masks that were saved as JPEG."""
    found, spoilt = _troubled(survey, judged, Trouble.LOSSY)
    if found:
        yield on_masks(
            "jpeg-mask",
            Severity.BLOCKS if spoilt else Severity.WARNING,
            f"{count(len(found), 'mask')} saved as JPEG",
            found,
            why="JPEG changes values slightly, most at borders: a little beside 3 is 2 or 4, another class",
            mend="save the masks as PNG from their source",
            fix="takes the nearest class of each pixel",
        )


def smoothed(survey: Survey, judged: Stored[Verdict]) -> Iterator[Finding]:
    """Find masks with anti-aliased edges, as drawing, a resize or JPEG on the way leave them."""
    found, outside = _troubled(survey, judged, Trouble.SMOOTHED)
    if found:
        yield on_masks(
            "smoothed-mask",
            Severity.BLOCKS if outside or survey.meaning.unclear else Severity.WARNING,
            f"{count(len(found), 'mask')} with soft (anti-aliased) edges",
            found,
            why="the values between two classes at their border are no class, or, worse, a third one",
            mend="export the masks without smoothing and scale them by nearest neighbour",
            fix="takes the nearest class of each pixel",
        )


def black_and_white(survey: Survey, judged: Stored[Verdict]) -> Iterator[Finding]:
    """Find masks that say 255 for the object, where 255 is no class."""
    found = Found(
        (verdict.pair, f"255 in {share(verdict, 255)} of its pixels")
        for verdict in judged
        if verdict.trouble is Trouble.BLACK_AND_WHITE
    )
    if not found:
        return
    ignored = survey.codec.ids.get(255) == 255
    every = 2 * len(found) >= sum(1 for _ in survey.masks())
    two = len(survey.labels.class_names) == 2
    line = survey.mends_values or (
        f"write under names in {FILE_NAME}  0: {survey.labels.class_names[0]}  and  255: NAME OF THE OBJECT"
    )
    yield on_masks(
        "black-and-white-mask",
        Severity.BLOCKS if every or not ignored or two else Severity.WARNING,
        f"{count(len(found), 'mask')} with 0 and 255 only, 255 being {'ignored' if ignored else 'no class'}",
        found,
        why="255 reads as 'ignore': the object itself would take no part in training and scores"
        if ignored
        else "training refuses values that are no class",
        mend=line if two or survey.mends_values else f"{line}, or export the masks with the ids of classes",
        fix="writes 1 for 255" if two else "",
    )


def strange(survey: Survey, judged: Stored[Verdict]) -> Iterator[Finding]:
    """Find values that are no class: ids that are shifted, void that nobody declared, or mere mistakes."""
    found = Again(lambda: (verdict for verdict in judged if verdict.trouble is Trouble.STRANGE))
    masks = Counter(value for verdict in found for value in verdict.strange)
    if not masks:
        return
    if ids_shifted(survey):
        yield _shift_finding(survey, _troubled(survey, judged, Trouble.STRANGE)[0])
        return
    void = void_values(survey, masks)
    for value, _ in masks.most_common(_LISTED):
        holding = (verdict for verdict in found if value in verdict.strange)
        if value in void:
            yield _void_finding(survey, value, void, holding)
        else:
            yield _beyond_finding(survey, value, holding)


def _troubled(survey: Survey, judged: Stored[Verdict], trouble: Trouble) -> tuple[Found, bool]:
    """Return the masks with a trouble, each with what it holds, and whether one has values of no class."""
    found = Found()
    spoilt = False
    for verdict in judged:
        if verdict.trouble is trouble:
            found.add(verdict.pair, _strange_text(survey, verdict))
            spoilt = spoilt or bool(verdict.strange or verdict.facts.record.rest)
    return found, spoilt


def ids_shifted(survey: Survey) -> bool:
    """Say whether all values in the masks, but 255, are one more than the description has them."""
    if survey.meaning.by_color:
        return False
    used = {value for _, facts in survey.masks() for value in facts.record.counts} - {IGNORE_INDEX}
    known = set(survey.codec.ids) - {IGNORE_INDEX}
    classes = [value for value in known if survey.codec.ids[value] != IGNORE_INDEX]
    return min(classes) == 0 and 0 not in used and used - known == {max(known) + 1}


def _shift_finding(survey: Survey, found: Found) -> Finding:
    description = survey.meaning.description
    names = description.names
    moved = ", ".join(f"{value + 1}: {name}" for value, name in sorted(names.items()))
    ignored = ", ".join(str(value + (value != IGNORE_INDEX)) for value in description.ignore)
    most = max({*names, *description.ignore} - {IGNORE_INDEX})
    return on_masks(
        "ids-shifted",
        Severity.BLOCKS,
        f"ids are shifted by one: the masks hold 1 to {most + 1}, the classes are 0 to {most}",
        found,
        why="every class would be learned under its neighbour's name, and the last one is refused",
        mend=survey.mends_values or f"write in {FILE_NAME}  names: {{{moved}}}  and  ignore: [{ignored}]",
    )


def void_values(survey: Survey, masks: Mapping[int, int]) -> list[int]:
    """Return the values of no class that look like the mark of pixels that nobody labelled.

    That is 255, what lies below 0, or the value behind the last class, in half the masks or more, where it is
    the only one and nothing else in the masks is ignored: otherwise it is a class that was not named.

    Args:
        survey: The data set.
        masks: In how many masks each value of no class stands.
    """
    if survey.meaning.by_color:
        return sorted(value for value in masks if value in _VOID_COLORS)
    marks = sorted(value for value in masks if value < 0 or value == IGNORE_INDEX)
    if marks:
        return marks
    behind = 1 + max((value for value, id_ in survey.codec.ids.items() if id_ != IGNORE_INDEX), default=0)
    if list(masks) != [behind] or 2 * masks[behind] < sum(1 for _ in survey.masks()):
        return []
    ignored = any(IGNORE_INDEX in survey.by_class(facts.record) for _, facts in survey.masks())
    return [] if ignored else [behind]


def _void_finding(survey: Survey, value: int, void: Sequence[int], holding: Iterable[Verdict]) -> Finding:
    found = Found((verdict.pair, f"in {share(verdict, value)} of its pixels") for verdict in holding)
    own, by_color = survey.takes_names, survey.meaning.by_color
    known = survey.meaning.source if own else survey.choices
    colors = [*map(pack_color, known.ignore_colors), *(void if by_color else ())]
    ids = [*known.ignore, *(() if by_color else void)]
    words = [*map(str, sorted(ids)), *(f'"{hex_color(color)}"' for color in colors)]
    otherwise = "  (or name it as a class)" if own and value >= 0 else ""
    return on_masks(
        "void-not-declared",
        Severity.BLOCKS,
        f"{survey.codec.name(value)} in {count(len(found), 'mask')} looks like void, but is not declared",
        found,
        why="training refuses values that are no class; as a class of its own, void would spoil the scores",
        mend=f"write in {FILE_NAME}  ignore: [{', '.join(words)}]{otherwise}",
        fix="declares it" if own else "",
    )


def _beyond_finding(survey: Survey, value: int, holding: Iterable[Verdict]) -> Finding:
    found = Found((verdict.pair, f"{verdict.strange[value]:,} pixels") for verdict in holding)
    return on_masks(
        "value-beyond-names",
        Severity.BLOCKS,
        f"{survey.codec.name(value)} in {count(len(found), 'mask')} is no class and not ignored",
        found,
        why=f"expected {survey.codec.expected()}; other tools crash on such values hours later",
        mend=survey.mends_values or f"correct the masks, or name the value in {FILE_NAME}",
    )


def share(verdict: Verdict, value: int) -> str:
    """Return a value's share of a mask as text."""
    record = verdict.facts.record
    pixels = verdict.strange.get(value, record.counts.get(value, 0))
    return f"{100 * pixels / (record.size[0] * record.size[1]):.2g} %"


def _strange_text(survey: Survey, verdict: Verdict) -> str:
    record, number = verdict.facts.record, len(verdict.strange)
    more = " or more" if record.rest else ""
    pixels = sum(verdict.strange.values()) + record.rest
    if not number:
        return f"{len(record.counts)} values, all of them classes"
    most = survey.codec.name(max(verdict.strange, key=lambda value: verdict.strange[value]))
    return f"{count(number, 'value')}{more} of no class in {pixels:,} pixels, most often {most}"
