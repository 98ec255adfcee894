"""Findings on classes: which occur, how often, and where."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...data.description import FILE_NAME
from ...data.discover import STRAY
from ...data.pairs import Pair
from ...labels import IGNORE_INDEX
from ..finding import Finding, Found, Severity, count, finding, on_masks
from ..record import MaskFacts
from ..survey import Survey
from .values import ids_shifted

_VOID_NAMES = frozenset(
    {"void", "ignore", "ignored", "unlabeled", "unlabelled", "unknown", "don't care", "dontcare"}
)

RARE = 1e-4
"""Share of labelled pixels below which a class is called rare."""

ALL = 0.98
"""Share of labelled pixels above which one class is called all there is."""


@dataclass
class Use:
    """How much a class is used.

    Attributes:
        pixels: In all masks.
        pictures: Number of masks that hold it, by split.
        first: The first pair that holds it.
    """

    pixels: int = 0
    pictures: dict[str, int] = field(default_factory=dict)
    first: Pair | None = None

    @property
    def masks(self) -> int:
        """Number of masks that hold it, in all splits."""
        return sum(self.pictures.values())


Uses = Mapping[int, Use]


def use(survey: Survey) -> dict[int, Use]:
    """Return how much each class is used, by its id, and ignored pixels under 255.

    Masks with soft edges do not count: they hold values of classes that nobody drew.
    """
    uses = {id_: Use() for id_ in (*range(survey.labels.num_classes), IGNORE_INDEX)}
    for entry, facts in survey.masks():
        if not _counts(facts):
            continue
        for id_, pixels in survey.by_class(facts.record).items():
            uses[id_].pixels += pixels
            uses[id_].pictures[entry.split] = uses[id_].pictures.get(entry.split, 0) + 1
            uses[id_].first = uses[id_].first or entry.pair
    return uses


def _counts(facts: MaskFacts) -> bool:
    return not (facts.record.lossy or facts.smoothed)


def _most_count(survey: Survey, splits: Collection[str]) -> bool:
    """Say whether hardly a mask of some splits was left out of the count: what is not in it is missing."""
    told = [_counts(facts) for entry, facts in survey.masks() if entry.split in splits]
    return told.count(False) <= STRAY * len(told)


def classes(survey: Survey) -> Iterator[Finding]:
    """Find everything that is wrong with which classes occur; masks are counted once."""
    uses = use(survey)
    for kind in (unused, only_in_val, imbalance, nothing_to_learn, class_as_void):
        yield from kind(survey, uses)
    yield from empty(survey)
    yield from void_as_class(survey)


def _classes(survey: Survey, uses: Uses) -> list[tuple[int, str, Use]]:
    return [(id_, name, uses[id_]) for id_, name in enumerate(survey.labels.class_names)]


def unused(survey: Survey, uses: Uses) -> Iterator[Finding]:
    """Find classes that no mask holds, and ids that start at 1."""
    found = [(id_, name) for id_, name, used in _classes(survey, uses) if not used.masks]
    if not found or survey.meaning.unclear or not _most_count(survey, survey.splits) or ids_shifted(survey):
        return
    if not survey.meaning.described and not survey.meaning.by_color and found == [(0, "class_0")]:
        mend = f"write {FILE_NAME} (`pixelwise classes` drafts it) and leave out 0, or list it under ignore"
        why = "a class that never occurs is learned as nothing, and all names are off by one"
        title = "value 0 occurs in no mask: the ids seem to be shifted by one"
        yield finding("ids-shifted", Severity.WARNING, title, why=why, mend=mend)
        return
    names = [name for _, name in found]
    title = f"{count(len(names), 'class', 'classes')} of {survey.labels.num_classes} in no mask"
    mend = _taking_out(survey, names, "delete the lines under names")
    yield finding(
        "unused-name",
        Severity.WARNING,
        f"{title}: {', '.join(names[:12])}",
        why="the network gets outputs that it never learns, and scores of these classes stay empty",
        mend=f"{mend}, or add masks that hold the classes",
        files=[(name, "in no mask") for name in names],
    )


def _taking_out(survey: Survey, names: Sequence[str], where_named: str) -> str:
    """Return what takes classes out: `where_named`, or a line with the format's own names for them."""
    if survey.takes_names:
        return f"in {FILE_NAME}, {where_named}"
    own, present = survey.meaning.source.names, survey.meaning.description.names
    changed = {own[value]: name for value, name in present.items() if name in names}
    dropped = json.dumps([*survey.choices.drop, *changed], ensure_ascii=False)
    besides = ", and take these out of merge and rename" if any(a != b for a, b in changed.items()) else ""
    return f"write in {FILE_NAME}  drop: {dropped}{besides}"


def only_in_val(survey: Survey, uses: Uses) -> Iterator[Finding]:
    """Find classes that occur in val or test but never in train."""
    if "train" not in survey.splits:
        return
    found = [
        (name, used)
        for _, name, used in _classes(survey, uses)
        if used.masks and not used.pictures.get("train")
    ]
    if found and _most_count(survey, ["train"]):
        yield finding(
            "class-not-in-train",
            Severity.WARNING,
            f"in no mask of train, but in others: {', '.join(name for name, _ in found[:12])}",
            why="what is never shown is never learned: its score will be 0",
            mend="move some of these pairs to train",
            files=[(name, f"in {count(used.masks, 'mask')} of other splits") for name, used in found],
            pairs=[used.first for _, used in found if used.first],
        )


def imbalance(survey: Survey, uses: Uses) -> Iterator[Finding]:
    """Find classes that cover next to nothing, or everything."""
    held = [(name, used) for _, name, used in _classes(survey, uses) if used.masks]
    pixels = sum(used.pixels for _, used in held)
    rare = [(name, used) for name, used in held if used.pixels < RARE * pixels]
    huge = [(name, used) for name, used in held if len(held) > 1 and used.pixels > ALL * pixels]
    if rare:
        yield finding(
            "rare-class",
            Severity.WARNING,
            f"less than {100 * RARE:g} % of the labelled pixels: {', '.join(name for name, _ in rare[:12])}",
            why="a loss that counts every pixel alike hardly sees such a class; it ends up never predicted",
            mend=f"add pictures that hold it, weigh classes in the loss, or merge or drop it in {FILE_NAME}",
            files=[(name, f"{used.pixels:,} pixels in {count(used.masks, 'mask')}") for name, used in rare],
            pairs=[used.first for _, used in rare if used.first],
        )
    for name, used in huge:
        yield finding(
            "one-class-is-all",
            Severity.WARNING,
            f"'{name}' covers {100 * used.pixels / pixels:.1f} % of the labelled pixels",
            why="a network that answers nothing else is right almost everywhere, and learns just that",
            mend="crop the pictures around the other classes, or weigh classes in the loss",
            files=[(name, f"{used.pixels:,} of {pixels:,} pixels")],
        )


def empty(survey: Survey) -> Iterator[Finding]:
    """Find masks that hold nothing but ignored pixels, or nothing but the first class."""
    ignored, bare = Found(), Found()
    name = survey.labels.class_names[0]
    for entry, facts in survey.masks():
        pixels = survey.by_class(facts.record)
        if sum(pixels.values()) < facts.record.size[0] * facts.record.size[1]:
            continue  # what else is in it is told elsewhere
        if set(pixels) == {IGNORE_INDEX}:
            ignored.add(entry.pair, "ignored as a whole")
        elif survey.labels.num_classes > 1 and set(pixels) == {0}:
            bare.add(entry.pair, f"'{name}' as a whole")
    if ignored:
        yield on_masks(
            "all-ignored",
            Severity.WARNING,
            f"{count(len(ignored), 'mask')} with nothing but ignored pixels",
            ignored,
            why="such a pair teaches nothing, and costs time",
            mend="label the pictures, or delete the pairs",
            fix="leaves them out",
        )
    if bare:
        many = 2 * len(bare) > sum(1 for _ in survey.masks())
        yield on_masks(
            "empty-mask",
            Severity.WARNING if many else Severity.REMARK,
            f"{count(len(bare), 'mask')} with nothing but '{name}'",
            bare,
            why="right where the picture is empty; otherwise it was never labelled, and teaches to miss",
            mend="look at these pictures; label what is on them",
        )


def nothing_to_learn(survey: Survey, uses: Uses) -> Iterator[Finding]:
    """Find that all masks together hold fewer than two classes, or those of train none.

    A set that names one class alone trains, with nothing to learn; any other is refused.
    """
    found = [(name, used.pictures) for _, name, used in _classes(survey, uses) if used.masks]
    ignored = uses[IGNORE_INDEX].pictures
    of_train = "train" in ignored and not any("train" in pictures for _, pictures in found)
    held = [] if of_train else [name for name, _ in found]
    if len(held) < 2 and (found or ignored) and _most_count(survey, survey.splits):
        alone = f"'{held[0]}'" if held else "no class"
        trains = held and survey.labels.num_classes == 1
        yield finding(
            "nothing-to-learn",
            Severity.WARNING if trains else Severity.BLOCKS,
            f"all masks{' of train' if of_train else ''} together hold {alone} alone",
            why="there is nothing to tell apart, so that "
            + ("the model answers this class everywhere" if trains else "training does not start"),
            mend="look at the masks"
            + (
                f"; if an ignored value is a class, such as 0, name it in {FILE_NAME}"
                if survey.takes_names
                else ""
            ),
        )


def class_as_void(survey: Survey, uses: Uses) -> Iterator[Finding]:
    """Find a 255 that may be a class: beside values with gaps that nobody has named, and not rare."""
    values = survey.meaning.description.values
    if survey.meaning.described or survey.codec.ids.get(255) != IGNORE_INDEX or values[-1] < len(values):
        return
    pixels = sum(facts.record.counts.get(255, 0) for _, facts in survey.masks() if _counts(facts))
    if pixels > min(used.pixels for _, _, used in _classes(survey, uses)):
        yield finding(
            "class-as-void",
            Severity.WARNING,
            f"255 is ignored, and covers more of the masks than a class does: {pixels:,} pixels",
            why="if 255 is the object, as beside 0 and 128 for unsure, it takes no part in the training",
            mend=f"look at the masks; write {FILE_NAME} (`pixelwise classes` drafts it) with 255 under names",
        )


def void_as_class(survey: Survey) -> Iterator[Finding]:
    """Find classes whose name says that they are none."""
    found = [name for name in survey.labels.class_names if name.lower().strip() in _VOID_NAMES]
    if found:
        yield finding(
            "void-as-class",
            Severity.WARNING,
            f"'{found[0]}' is a class like the others",
            why="the network learns to predict it, and it counts in every mean score",
            mend=_taking_out(survey, found, "move its value from names to ignore"),
            files=[(name, "under names") for name in found],
        )
