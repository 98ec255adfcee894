"""Findings on splits: pictures that stand in two, or twice in one."""

from __future__ import annotations

from collections.abc import Iterator

from ...data.pairs import Pair
from ..finding import LISTED, Finding, Severity, count, finding
from ..likeness import Fingerprint, near, same
from ..survey import Survey

_Place = tuple[str, Pair]
"""A pair and its split."""


def _repeated(survey: Survey) -> list[list[_Place]]:
    """Return the groups of pairs that have the same picture, blank ones left out."""
    groups = same(facts.print.digest for _, facts in survey.pictures() if not facts.print.flat)
    wanted = {place for group in groups for place in group}
    prints = (entry for entry, facts in survey.pictures() if not facts.print.flat) if wanted else ()
    found = {place: (entry.split, entry.pair) for place, entry in enumerate(prints) if place in wanted}
    return [[found[place] for place in group] for group in groups]


def leaks(survey: Survey) -> list[Pair]:
    """Return the pairs of train whose picture stands in another split too."""
    across = [group for group in _repeated(survey) if len({split for split, _ in group}) > 1]
    return [pair for group in across for split, pair in group if split == "train"]


def missing(survey: Survey) -> Iterator[Finding]:
    """Find that there is nothing to learn from, or nothing to validate on."""
    lacks = [name for name in ("train", "val") if name not in survey.splits]
    if lacks:
        found = ", ".join(f"{len(survey.entries.pairs[name])} in {name}" for name in survey.splits)
        yield finding(
            "split-missing",
            Severity.BLOCKS,
            f"no pair in {' and in '.join(lacks)}, only {found}",
            why="training learns from train and keeps the model that is best on val: it does not start",
            mend="put all pairs, two or more, into DATA/{images,masks}: they are split into train and val",
        )


def same_picture(survey: Survey) -> Iterator[Finding]:
    """Find pictures that occur more than once, in two splits or in one."""
    groups = _repeated(survey)
    learned: list[list[_Place]] = []
    scored: list[list[_Place]] = []
    within: list[list[_Place]] = []
    for group in groups:
        splits = {split for split, _ in group}
        (within if len(splits) == 1 else learned if "train" in splits else scored).append(group)
    if learned:
        yield _groups(
            "same-picture-across-splits",
            Severity.BLOCKS,
            f"{count(len(learned), 'picture')} of train in another split as well",
            learned,
            why="the score on val counts pictures that the network has learned by heart: it means nothing",
            mend="delete the pairs from train, or from val",
            fix="keeps them out of train",
        )
    if scored:
        yield _groups(
            "same-picture-in-val-and-test",
            Severity.WARNING,
            f"{count(len(scored), 'picture')} in val and in test",
            scored,
            why="the model is chosen by its score on val, so that the score on test flatters",
            mend="delete the pairs from one of the two",
        )
    if within:
        yield _groups(
            "same-picture-twice",
            Severity.REMARK,
            f"{count(len(within), 'picture')} more than once in a split",
            within,
            why="it counts twice; where its masks differ, the two contradict each other",
            mend="delete one of each",
        )


def near_picture(survey: Survey) -> Iterator[Finding]:
    """Find pictures of val and test that are nearly the same as one of train."""
    pairs: dict[bool, list[Pair]] = {True: [], False: []}

    def prints(of_train: bool) -> Iterator[Fingerprint]:
        for entry, facts in survey.pictures():
            if (entry.split == "train") is of_train:
                pairs[of_train].append(entry.pair)
                yield facts.print

    found = near(prints(True), prints(False))
    if found:
        yield finding(
            "near-same-across-splits",
            Severity.WARNING,
            f"{count(len(found), 'picture')} of val or test nearly the same as one of train",
            why="copies at other sizes or qualities, or frames of one film: the score on them flatters",
            mend="keep whole scenes and films in one split",
            files=[
                (pairs[False][theirs].image, f"{apart:.1f} grey levels from {pairs[True][ours].image}")
                for ours, theirs, apart in found[:LISTED]
            ],
            number=len(found),
            pairs=[pairs[False][theirs] for _, theirs, _ in found[:LISTED]],
        )


def _groups(
    kind: str,
    severity: Severity,
    title: str,
    groups: list[list[_Place]],
    *,
    why: str,
    mend: str,
    fix: str = "",
) -> Finding:
    files = [
        (group[0][1].image, f"same as {', '.join(str(pair.image) for _, pair in group[1:4])}")
        for group in groups[:LISTED]
    ]
    pairs = [group[0][1] for group in groups[:LISTED]]
    return finding(
        kind, severity, title, why=why, mend=mend, files=files, number=len(groups), pairs=pairs, fix=fix
    )


SPLITS = (missing, same_picture, near_picture)
