"""Findings on files: partners, damage, sizes."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import LISTED, Finding, Found, Severity, count, finding, on_masks, on_pictures
from ..record import Entry
from ..survey import Survey

CLEARLY = 2.0
"""By how many standard deviations (over all shifts) a mask must fit one view better than the other."""

_PARTNERS = (
    (
        " has no mask;",
        "picture-without-mask",
        "no mask",
        "add the masks, or delete the pictures",
        "leaves them out",
    ),
    (
        " has no picture;",
        "mask-without-picture",
        "no picture",
        "add the pictures, or delete the masks",
        "leaves them out",
    ),
    (
        " differs from ",
        "doubled-name",
        "the name of another file",
        "rename or delete one of the two",
        "keeps the first",
    ),
)


def partners(survey: Survey) -> Iterator[Finding]:
    """Find pictures without masks, masks without pictures, and files with one name."""
    rest = list(survey.faults)
    for phrase, kind, what, mend, fix in _PARTNERS:
        lines = [line for line in rest if phrase in line]
        rest = [line for line in rest if phrase not in line]
        if lines:
            yield _partner(kind, f"{count(len(lines), 'file')} with {what}", mend, fix, lines)
    if rest:
        yield _partner(
            "stray-file", f"{count(len(rest), 'file')} left out", "see each line", "leaves them out", rest
        )


def _partner(kind: str, title: str, mend: str, fix: str, lines: list[str]) -> Finding:
    files = [(line.partition(": ")[0], line.partition(": ")[2]) for line in lines[:LISTED]]
    why = "nobody can tell which picture and mask belong together; training does not guess"
    return finding(kind, Severity.BLOCKS, title, why=why, mend=mend, files=files, number=len(lines), fix=fix)


def unreadable(survey: Survey) -> Iterator[Finding]:
    """Find pictures and masks that cannot be read to their end."""
    broken = {"picture": Found(), "mask": Found()}
    for _, pair, record in survey.entries:
        for what, text in (("picture", record.picture), ("mask", record.mask)):
            if isinstance(text, str):
                broken[what].add(pair, text.partition(": ")[2] or text)
    for what, found in broken.items():
        if found:
            on_files = on_pictures if what == "picture" else on_masks
            yield on_files(
                f"unreadable-{what}",
                Severity.BLOCKS,
                f"{count(len(found), what)} cannot be read",
                found,
                why="a training would stop in the middle of an epoch when it comes to the file",
                mend="copy the file again, or delete it with its partner",
                fix="leaves both out",
            )


def sizes_differ(survey: Survey) -> Iterator[Finding]:
    """Find masks of another size than their picture, and masks that lack their picture's rotation."""
    turned, others = Found(), Found()
    for entry, mask in survey.masks():
        picture = entry.record.picture
        if isinstance(picture, str):
            continue
        ours, theirs = mask.record.size, picture.size
        if lacks_rotation(entry):
            turned.add(entry.pair, f"made for the picture before its rotation (EXIF {picture.turned})")
        elif ours != theirs:
            others.add(entry.pair, f"{ours[1]} x {ours[0]}, its picture {theirs[1]} x {theirs[0]}")
    if turned:
        yield on_masks(
            "rotation-lacks",
            Severity.BLOCKS,
            f"{count(len(turned), 'mask')} without the rotation (EXIF) that the camera stored in the picture",
            turned,
            why="the picture is turned upright when it is read and the mask is not: they no longer match",
            mend="turn the masks as their pictures say",
            fix="does that",
        )
    if others:
        yield on_masks(
            "size-mismatch",
            Severity.BLOCKS,
            f"{count(len(others), 'mask')} of another size than the picture",
            others,
            why="no pixel can be compared with its class",
            mend="export the mask again at the picture's size, or scale it without mixing values (nearest "
            "neighbour)",
            fix="leaves out the pair, as a crop cannot be told from a scaled copy",
        )


def lacks_rotation(entry: Entry) -> bool:
    """Say whether a mask was made for the picture as it lies in its file, before the camera's rotation.

    Where both views have the same size, the mask must fit that one clearly better.
    """
    picture, mask = entry.record.picture, entry.record.mask
    if isinstance(picture, str) or isinstance(mask, str) or picture.turned == 1:
        return False
    if mask.record.size != picture.size:
        return picture.turned >= 5 and mask.record.size == picture.size[::-1]
    upright, unturned = entry.record.fit, entry.record.fit_unturned
    if upright is None or unturned is None:
        return False
    return unturned.here - upright.here > CLEARLY * max(upright.spread, unturned.spread)


FILES = (partners, unreadable, sizes_differ)
