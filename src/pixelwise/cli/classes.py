"""`pixelwise classes`: what the masks of a data set hold, and a description to fill in."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.description import FILE_NAME, draft
from ..data.discover import Discovery
from ..data.folder import find_classes, list_pairs
from ..data.formats.base import Layout
from ..data.masks import hex_color, pack_color
from ..data.scan import Progress, in_parallel, scan_mask, total
from ..data.source import find_source
from ..errors import DataError, ImageError
from ..labels import IGNORE_INDEX, Color
from ..writing import replacing
from .log import complain
from .progress import progress_bar


def classes(data: Path, /, *, out: Path | None = None, format: str | None = None) -> int:
    """List the classes that a data set's masks hold.

    Reads all masks, prints what they hold, and writes the same as a draft of dataset.yaml: there you name
    the classes, choose their colours and say what is ignored; or, where the format names them itself, merge,
    drop and rename them. A file that exists is never replaced; masks that cannot be read are left out.

    Args:
        data: Data set, of any format that training takes.
        out: File to write instead of DATA/dataset.yaml.
        format: Format of the data, where it is not recognised by looking: folder, voc, coco, yolo,
            cityscapes, camvid, ade20k, labelme, cvat, label-studio or huggingface.

    Returns:
        Exit code: 0, or 1 when masks could not be read.

    Example:
        pixelwise classes DATA
    """
    if out is not None and out.exists():
        raise DataError(f"{out}: exists; name a new file, or delete it")
    source = find_source(data, format=format)
    layout = source.layout
    with progress_bar("reading masks") as progress:
        if isinstance(layout, Path):
            found = find_classes(source.description.parent, list_pairs(layout), progress, whole=True)
        else:
            found = _held(layout, progress)
    console = Console()
    console.print(_table(found))
    for note in (*source.notes, *found.notes):
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    target = out or (data.parent / FILE_NAME if source.place != data else source.description)
    if target.exists():
        text = f"{target} is there already and stays as it is; --out FILE writes a draft elsewhere"
    elif isinstance(layout, Path):
        _write(target, draft(found.description, _comments(found), found.by_color))
        text = f"wrote {target}: name the classes in it{_copy_it(out, data)}, and train"
    else:
        _write(target, _draft_of_choices(found, source.format))
        text = f"wrote {target}: merge, drop or rename classes in it{_copy_it(out, data)}, or train as it is"
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    complain("left out", found.unread)
    return 1 if found.unread else 0


def _copy_it(out: Path | None, data: Path) -> str:
    return "" if out is None else f", copy it to {(data if data.is_dir() else data.parent) / FILE_NAME}"


def _held(layout: Layout, progress: Progress) -> Discovery:
    """Return what the masks of a format that names its classes itself hold, by value."""
    pairs = [pair for split in layout.splits.values() for pair in split]
    codec = layout.description.codec(layout.by_color)
    known: list[dict[int, int]] = []
    unread: list[str] = []
    records = in_parallel(lambda pair: scan_mask(pair.mask), pairs, progress)
    for pair, record in zip(pairs, records, strict=True):
        if isinstance(record, ImageError):
            unread.append(str(record))
            continue
        try:
            values = codec.recode(np.array(list(record.counts), np.int64), record.by_color, record.palette)
        except ImageError as error:  # a mask of another kind
            unread.append(f"{pair.mask}: {error}")
            continue
        counts: Counter[int] = Counter()
        for value, pixels in zip(values.tolist(), record.counts.values(), strict=True):
            counts[value] += pixels
        known.append(dict(counts))
    return Discovery(layout.description, layout.by_color, total(known), layout.notes, tuple(unread))


def _draft_of_choices(found: Discovery, format: str) -> str:
    """Return a `dataset.yaml` that changes nothing until a line of it is made valid."""
    pixels = sum(count for count, _ in found.totals.values()) or 1
    meanings = _meanings(found)
    shares: Counter[str] = Counter()
    for value, (count, _) in found.totals.items():
        shares[meanings[value][0] if value in meanings else ""] += count
    names = found.description.class_names
    width = max(map(len, names))
    lines = [f"#   {name:{width}}  {_share(shares[name] / pixels)}" for name in names]
    one, two, *_ = (*names, "CLASS", "CLASS")
    return "\n".join(
        [
            f"# The classes of this data set ({format}), and their share of the pixels:",
            *lines,
            "#",
            "# To change them, take the # off a line and put your classes in:",
            f"# merge: {{NEW NAME: [{json.dumps(one)}, {json.dumps(two)}]}}",
            f"# drop: [{json.dumps(two)}]  # ignored",
            f"# rename: {{{json.dumps(two)}: NEW NAME}}",
            "",
        ]
    )


def _write(path: Path, text: str) -> None:
    advice = "use --out FILE and copy the file there later"
    if not path.parent.exists():
        raise DataError(f"{path}: its folder does not exist; make it first")
    if not path.parent.stat().st_mode & 0o222:  # holds for the superuser too, who could write all the same
        raise DataError(f"{path}: cannot be written (the folder is marked read-only); {advice}")
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except DataError as error:
        raise DataError(f"{error}; {advice}") from error


def _comments(found: Discovery) -> dict[int, str]:
    """Return what the draft says of each value (or colour) in the masks."""
    pixels = sum(count for count, _ in found.totals.values())
    return {
        value: f"{_share(count / pixels)} of pixels, in {_pictures(masks)}"
        for value, (count, masks) in found.totals.items()
    }


def _share(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.01 else f"{100 * share:.1f} %"


def _pictures(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"


def _table(found: Discovery) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("colour" if found.by_color else "value", justify="right")
    table.add_column("class")
    table.add_column("drawn in")
    for heading in ("share of pixels", "pictures"):
        table.add_column(heading, justify="right")
    pixels = sum(count for count, _ in found.totals.values())
    meanings = _meanings(found)
    for value in sorted(meanings.keys() | found.totals.keys()):
        count, masks = found.totals.get(value, (0, 0))
        name, color = meanings.get(value, ("not described", None))
        table.add_row(
            hex_color(value) if found.by_color else str(value),
            Text(name, style="" if color else "dim"),
            _swatch(color),
            _share(count / pixels) if count else "-",
            str(masks) if masks else "-",
        )
    return table


def _swatch(color: Color | None) -> Text:
    if color is None:
        return Text("")
    text = hex_color(pack_color(color))
    return Text.assemble(("  ", f"on {text}"), f" {text}")


def _meanings(found: Discovery) -> dict[int, tuple[str, Color | None]]:
    """Return the name, and the colour that it is drawn in, of each value (or colour) that is described."""
    description = found.description
    names, ignored = description.names, list(description.ignore)
    colors: dict[str, Color] = {}
    if len(description.class_names) <= IGNORE_INDEX:  # more can be listed, to be merged
        colors = dict(zip(description.class_names, description.labels().palette, strict=True))
    if found.by_color:
        ignored = [pack_color(description.colors[value]) for value in ignored if value in description.colors]
        ignored += map(pack_color, description.ignore_colors)
        names = {pack_color(description.colors[value]): name for value, name in names.items()}
    meanings = {value: (name, colors.get(name)) for value, name in names.items()}
    return dict.fromkeys(ignored, ("ignored", None)) | meanings
