"""Write a data set of any format as our folder layout, with exactly the masks that training would see."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import DataError, ImageError
from ..labels import IGNORE_INDEX, Labels
from ..writing import new_folder
from .description import FILE_NAME, Description, draft, read_description
from .image import verify_image
from .masks import MaskCodec, indexed, read_mask
from .pairs import Pair, SegmentationData, other_size
from .scan import Progress, in_parallel


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        counts: Number of pairs by split.
        failed: A line for each pair that is left out: which, and why.
    """

    counts: dict[str, int]
    failed: tuple[str, ...]


def write_folder(data: SegmentationData, out: str | Path, *, progress: Progress | None = None) -> Written:
    """Write OUT/{train,val,test}/{images,masks} and OUT/dataset.yaml.

    Pictures are copied as they are. Masks are indexed PNGs of the ids 0, 1, ... and 255 for ignored pixels;
    each is read back and compared. Pairs that cannot be read, or differ in size, are left out and reported.

    Args:
        data: An open data set.
        out: Folder to make; it may exist if it is empty.
        progress: Told how many pairs are done.

    Raises:
        DataError: `out` has something in it already, or lies within the data set, no pair can be written, or
            the disk is full; nothing stays in `out` then.
    """
    out = Path(out)
    with new_folder(out, outside=data.root) as folder:
        return _write(data, folder, progress)


def _write(data: SegmentationData, out: Path, progress: Progress | None) -> Written:
    description = _description(data.labels)
    asked = {"channels": data.channels, "depth": data.depth}
    lines = "".join(f"\n{key}: {value}" for key, value in asked.items() if value is not None)
    text = draft(description, {}, by_color=False) + (f"{lines}\n" if lines else "")
    (out / FILE_NAME).write_text(text, encoding="utf-8")
    if read_description(out / FILE_NAME).labels() != data.labels:
        raise DataError(f"{FILE_NAME}: does not read back as the classes {data.labels.class_names}")

    todo = [(split, pair) for split, pairs in data.splits.items() for pair in pairs]
    write = partial(_write_pair, data, description.codec(by_color=False), out)
    failed = list(dict.fromkeys(line for lines in data.faults.values() for line in lines))
    counts = dict.fromkeys(data.splits, 0)
    for (split, _), error in zip(todo, in_parallel(write, todo, progress), strict=True):
        if error is None:
            counts[split] += 1
        else:
            failed.append(str(error))
    if not any(counts.values()):
        raise DataError(
            f"{data.root}: no pair can be written; the first: {failed[0] if failed else 'there is none'}"
        )
    return Written(counts, tuple(failed))


def _description(labels: Labels) -> Description:
    colors = dict(enumerate(labels.palette))
    return Description(
        dict(enumerate(labels.class_names)),
        colors | {IGNORE_INDEX: labels.ignore_color},
        ignore=(IGNORE_INDEX,),
    )


def _write_pair(
    data: SegmentationData, codec: MaskCodec, out: Path, entry: tuple[str, Pair]
) -> DataError | None:
    """Write one pair; return what is wrong with it, if anything."""
    split, pair = entry
    try:
        size = verify_image(pair.image)
        mask = read_mask(pair.mask, data.codec)
    except ImageError as error:
        return error
    if mask.shape != size:
        return DataError(other_size(pair, size, (mask.shape[0], mask.shape[1])))
    image_path = out / split / "images" / f"{pair.name}{pair.image.suffix}"
    mask_path = out / split / "masks" / f"{pair.name}.png"
    for path in (image_path, mask_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(pair.image, image_path)
    indexed(mask, data.labels).save(mask_path)
    if not np.array_equal(read_mask(mask_path, codec), mask):
        return DataError(f"{pair.mask}: does not read back as it was written; is the disk damaged or full?")
    return None
