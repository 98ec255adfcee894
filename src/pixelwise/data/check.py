"""Check a data set before it is used, so that nothing in it stops a training half-way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError, ImageError
from ..labels import IGNORE_INDEX
from .bands import Bands, read_kind
from .form import PictureForm, choose_form
from .image import verify_image
from .leaks import mark
from .masks import Mask, MaskCodec
from .memory import Kind, Memory
from .pairs import Pair, SegmentationData, other_size
from .scan import MaskRecord, Progress, in_parallel, scanner

SHOWN = 10
"""Findings that the error lists; the rest are counted."""

_LISTED_VALUES = 8


def check_data(
    data: SegmentationData,
    splits: Sequence[str] = ("train", "val"),
    *,
    progress: Progress | None = None,
    memory: Memory | None = None,
    marks: MutableSequence[int] | None = None,
) -> PictureForm:
    """Read every picture and mask of some splits in parallel and report everything that is wrong at once.

    Looks for files without a partner or with the name of another, files that cannot be read to their end,
    masks of another size than their picture, pictures of other bands than the rest, and values in masks that
    are no class.

    Args:
        data: The data set.
        splits: Splits that are going to be used.
        progress: Told how many pairs are done.
        memory: What earlier checks found; files that have not changed since are not read again.
        marks: Gets the mark (see `leaks.mark`) of each picture, one split after the other.

    Returns:
        How the pictures are read.

    Raises:
        DataError: something is wrong, or there is no such split. The first findings stand there, a line
            each: the file, what was found, how often, and how to mend it.
    """
    pairs = [pair for name in splits for pair in data.split(name)]
    split_of = (name for name in splits for _ in data.split(name))
    findings = list(dict.fromkeys(line for name in splits for line in data.faults.get(name, ())))
    strange: dict[int, _Strange] = defaultdict(_Strange)
    present: dict[str, set[int]] = {name: set() for name in splits}
    kinds: dict[Bands, tuple[int, Path]] = {}
    look = memory.remembering(PICTURE, _look_at) if memory else _look_at
    scan = scanner(memory)

    def check(pair: Pair) -> _PairResult:
        return _check_pair(data, pair, look(pair.image), scan(pair.mask))

    results = in_parallel(check, pairs, progress)
    for name, pair, result in zip(split_of, pairs, results, strict=True):
        findings += result.findings
        present[name] |= result.present
        if result.head is not None:
            number, first = kinds.get(result.head.bands, (0, pair.image))
            kinds[result.head.bands] = (number + 1, first)
            if marks is not None:
                marks.append(result.head.mark)
        for value, pixels in result.strange.items():
            strange[value].add(pair.mask, pixels)
    form = PictureForm()
    try:
        form = choose_form(kinds, data.channels, data.depth)
    except DataError as error:
        findings.append(str(error))
    findings += _strange_values(data.codec, strange)
    findings = findings or _nothing_to_learn(data, present)
    if findings:
        more = len(findings) - SHOWN
        lines = findings[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
        count = "1 fault" if len(findings) == 1 else f"{len(findings)} faults"
        raise DataError("\n  ".join([f"{data.root}: {count} in {len(pairs)} pairs", *lines]))
    return form


@dataclass(frozen=True, slots=True)
class _PairResult:
    """What is wrong with one pair.

    Attributes:
        findings: A line for each thing that is wrong with the files.
        strange: Pixels of each value that is no class.
        present: Ids of the classes that its mask holds, and 255 if it ignores pixels.
        head: What is known of its picture; None where that cannot be read.
    """

    findings: list[str]
    strange: dict[int, int] = field(default_factory=dict)
    present: set[int] = field(default_factory=set)
    head: PictureHead | None = None


@dataclass(slots=True)
class _Strange:
    """Where a value that is no class occurs.

    Attributes:
        masks: How many masks hold it.
        pixels: How many pixels of them.
        first: The first of the masks.
    """

    masks: int = 0
    pixels: int = 0
    first: Mask = Path()

    def add(self, mask: Mask, pixels: int) -> None:
        self.first = self.first if self.masks else mask
        self.masks += 1
        self.pixels += pixels


class PictureHead(NamedTuple):
    """What is known of a picture file that can be read to its end.

    Attributes:
        size: Height and width, upright.
        bands: What it holds.
        mark: What tells its file from others (see `leaks.mark`).
    """

    size: tuple[int, int]
    bands: Bands
    mark: int


def _look_at(path: Path) -> PictureHead | ImageError:
    """Return what a picture is that can be read to its end, or what is wrong with it."""
    try:
        return PictureHead(verify_image(path), read_kind(path), mark(path))
    except ImageError as error:
        return error


def _to_plain(picture: PictureHead | ImageError) -> list[Any] | None:
    return None if isinstance(picture, ImageError) else [picture.size, astuple(picture.bands), picture.mark]


def _from_plain(plain: list[Any]) -> PictureHead:
    (height, width), bands, number = plain
    return PictureHead((int(height), int(width)), Bands(*bands), int(number))


def _file(path: Path) -> tuple[Path, ...]:
    return (path,)


PICTURE: Kind[Path, PictureHead | ImageError] = Kind("picture", _file, _to_plain, _from_plain)
"""What a picture file is that can be read to its end, as `Memory` keeps it."""


def _check_pair(
    data: SegmentationData,
    pair: Pair,
    picture: PictureHead | ImageError,
    record: MaskRecord | ImageError,
) -> _PairResult:
    findings = [str(picture)] if isinstance(picture, ImageError) else []
    head = None if isinstance(picture, ImageError) else picture
    if isinstance(record, ImageError):
        return _PairResult([*findings, str(record)], head=head)
    if isinstance(picture, PictureHead) and picture.size != record.size:
        findings.append(other_size(pair, picture.size, record.size))
    try:
        strange, present = _sort_values(data.codec, record)
    except ImageError as error:
        return _PairResult([*findings, f"{pair.mask}: {error}"], head=head)
    if strange and record.lossy:
        findings.append(
            f"{pair.mask}: is a JPEG, which does not keep values exactly: {sum(strange.values()):,} pixels "
            "are no class; save masks as PNG from their source"
        )
        strange = {}
    return _PairResult(findings, strange, present, head)


def _sort_values(codec: MaskCodec, record: MaskRecord) -> tuple[dict[int, int], set[int]]:
    """Return the pixels of each value in a mask that is no class and not ignored, and the ids of the others.

    Raises:
        ImageError: the mask holds colours where ids are expected, or the other way round.
    """
    found = np.array(list(record.counts), np.int64)
    values = codec.recode(found, record.by_color, record.palette).tolist()
    pixels = zip(values, record.counts.values(), strict=True)
    strange = {value: count for value, count in pixels if value not in codec.ids}
    return strange, {codec.ids[value] for value in values if value in codec.ids}


def _strange_values(codec: MaskCodec, strange: dict[int, _Strange]) -> list[str]:
    """Return a line for each value that is no class, or one line for all of them when there are many."""
    most = sorted(strange, key=lambda value: -strange[value].pixels)
    if len(most) > _LISTED_VALUES:
        pixels = sum(entry.pixels for entry in strange.values())
        kind = "colours" if codec.by_color else "values"
        return [
            f"{strange[most[0]].first}: in this and other masks {len(most)} {kind} or more are no class and "
            f"not ignored, in {pixels:,} pixels, most often {codec.name(most[0])}; expected "
            f"{codec.expected()}. Suspected cause: soft (anti-aliased) edges, a resize, or masks of another "
            "data set. Save the masks without smoothing, or name the values in dataset.yaml where that "
            "names the classes"
        ]
    lines = []
    for value in most:
        entry = strange[value]
        others = f" (and {entry.masks - 1} other masks)" if entry.masks > 1 else ""
        lines.append(f"{entry.first}{others}: {codec.refusal(value, entry.pixels)}")
    return lines


def _nothing_to_learn(data: SegmentationData, present: Mapping[str, set[int]]) -> list[str]:
    """Return a line if the masks hold fewer than two of several classes, or those of train none."""
    names = data.labels.class_names
    if not present.get("train", {0}) - {IGNORE_INDEX}:
        return ["all masks of train hold ignored pixels alone; expected the classes " + ", ".join(names[:8])]
    held = set().union(*present.values())
    classes = [names[id_] for id_ in held if id_ != IGNORE_INDEX]
    if len(names) == 1 or len(classes) > 1:
        return []
    ignored = " and ignored pixels" if IGNORE_INDEX in held else ""
    return [
        f"all masks together hold {classes[0] if classes else 'no class'}{ignored} alone; expected two "
        f"classes or more of {', '.join(names[:8])}. If an ignored value is a class, name it in dataset.yaml"
    ]
