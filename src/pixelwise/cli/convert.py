"""`pixelwise convert`: any format in, our folder layout out."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console

from ..data.folder import open_data
from ..data.memory import Memory
from ..data.write import write_folder
from ..writing import check_new_folder
from .log import complain
from .progress import progress_bar


def convert(
    data: Path,
    out: Path,
    /,
    *,
    format: str | None = None,
    seed: int = 0,
    val_fraction: float = 0.2,
) -> int:
    """Write a data set of any format in our folder layout.

    Writes OUT/{train,val,test}/{images,masks} and OUT/dataset.yaml, with exactly the masks that training
    would see; each is read back and compared. Pictures are copied as they are. Nothing is ever replaced.

    Args:
        data: Folder, file or zip of the data set.
        out: Folder to make; it may exist if it is empty.
        format: Format of the data set, where it is not recognised by looking: folder, voc, coco, yolo,
            cityscapes, camvid, ade20k, labelme, cvat, label-studio or huggingface.
        seed: Decides which pictures go to val, where the data set has no splits of its own.
        val_fraction: Share of the pictures that go to val then.

    Returns:
        Exit code: 0, or 1 when pictures were left out.

    Example:
        pixelwise convert COCO DATA
    """
    check_new_folder(out, outside=data)
    with progress_bar("reading labels") as progress, Memory(data) as memory:
        opened = open_data(
            data, format=format, seed=seed, val_fraction=val_fraction, progress=progress, memory=memory
        )
    with progress_bar("writing pairs") as progress:
        written = write_folder(opened, out, progress=progress)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for note in opened.notes:
        console.print(f"note: {note}")
    counts = " and ".join(f"{number} {split}" for split, number in written.counts.items())
    console.print(f"wrote {counts} pairs of {opened.labels.num_classes} classes to {out}")
    if written.counts.get("train") and written.counts.get("val"):
        console.print(f"next: pixelwise train {shlex.quote(str(out))}")
    complain("left out", written.failed)
    return 1 if written.failed else 0
