"""`pixelwise classes`: what the masks of a data set hold, and a description to fill in."""

from __future__ import annotations

import errno
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.description import FILE_NAME, draft
from ..data.discover import Discovery
from ..data.folder import find_classes, list_pairs
from ..data.masks import hex_color, pack_color
from ..errors import DataError
from ..labels import Color
from .progress import progress_bar


def classes(data: Path, /, *, out: Path | None = None) -> None:
    """List the classes that a data set's masks hold.

    Reads all masks, prints what they hold, and writes the same as a draft of dataset.yaml, in which you name
    the classes, choose their colours and say what is ignored. A file that exists is never replaced.

    Args:
        data: Folder of the data set.
        out: File to write instead of DATA/dataset.yaml.

    Example:
        pixelwise classes DATA
    """
    if out is not None and out.exists():
        raise DataError(f"{out}: exists; name a new file, or delete it")
    with progress_bar("reading masks") as progress:
        found = find_classes(data, list_pairs(data), progress, whole=True)
    console = Console()
    console.print(_table(found))
    for note in found.notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    path = out or data / FILE_NAME
    if path.exists():
        text = f"{path} is there already and stays as it is; --out FILE writes a draft elsewhere"
    else:
        _write(path, draft(found.description, _comments(found), found.by_color))
        there = "" if out is None else f", copy it to {data / FILE_NAME}"
        text = f"wrote {path}: name the classes in it{there}, and train"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        if (
            not path.parent.stat().st_mode & 0o222
        ):  # holds for the superuser too, who could write all the same
            raise PermissionError(errno.EACCES, "the folder is marked read-only")
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileNotFoundError as error:
        raise DataError(f"{path}: its folder does not exist; make it first") from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); use --out FILE and copy the file there later"
        ) from error


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
    description, labels = found.description, found.description.labels()
    names = (*labels.class_names, *(["ignored"] * 256))
    colors: tuple[Color | None, ...] = (*labels.palette, *([None] * 256))
    codec = description.codec(found.by_color)
    return {value: (names[id_], colors[id_]) for value, id_ in codec.ids.items()}
