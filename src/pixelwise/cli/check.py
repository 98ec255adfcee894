"""`pixelwise check`: everything that is wrong with a data set, as a page, as JSON, and mended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.listing import real
from ..data.memory import Memory
from ..errors import DataError
from ..inspection.finding import Finding, Severity, count
from ..inspection.findings import find
from ..inspection.mend import mend
from ..inspection.page import page
from ..inspection.summary import summary
from ..inspection.survey import Survey, survey
from ..writing import check_new_folder, check_writable, replacing
from .progress import progress_bar

_STYLES = {Severity.BLOCKS: "bold red", Severity.WARNING: "yellow", Severity.REMARK: "blue"}


def check(
    data: Path,
    /,
    *,
    html: Path | None = None,
    json: Path | None = None,
    fix: Path | None = None,
    format: str | None = None,
    overwrite: bool = False,
    again: bool = False,
) -> int:
    """Find what is wrong with a data set, and mend it.

    Reads every picture and mask once, in parallel, and says what is wrong, where, why it hurts and how to
    mend it. Writes a page to look at and the same as JSON. The exit code is 1 if something blocks training,
    and 0 if not. Files that have not changed since the last check are not read again.

    Args:
        data: Data set, of any format that training takes.
        html: File for the page. Without --html and --json, the folder check-DATA is made, with index.html
            and findings.json in it.
        json: File for the findings as JSON.
        fix: New folder for a mended copy of the data set; the original stays as it is.
        format: Format of the data, where it is not recognised by looking: folder, voc, coco, yolo,
            cityscapes, camvid, ade20k, labelme, cvat, label-studio or huggingface.
        overwrite: Replace the files that --html and --json name.
        again: Read all files, also those that have not changed.

    Example:
        pixelwise check DATA
        pixelwise check DATA --fix MENDED
    """
    written = _outputs(data, html, json, overwrite)
    try:
        for path in written.values():
            check_writable(path)
    except DataError as error:
        raise DataError(f"{error}; name files elsewhere with --html and --json") from error
    if fix is not None:
        check_new_folder(fix, outside=data)
    with progress_bar("checking", rate="pictures") as progress, _memory(data, again) as memory:
        found = survey(data, format=format, progress=progress, memory=memory)
    findings = find(found)
    facts = summary(found, findings)
    for kind, path in written.items():
        _write(path, page(found, findings, facts) if kind == "html" else _json(facts))
    console = Console()
    _tell(console, found, findings)
    for path in written.values():
        _say(console, f"wrote {path}")
    if fix is not None:
        with progress_bar("mending", rate="pictures") as progress:
            done = mend(found, fix, progress=progress)
        for line in done:
            _say(console, line)
    return 1 if facts["blocks_training"] else 0


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def _outputs(data: Path, html: Path | None, json: Path | None, overwrite: bool) -> dict[str, Path]:
    """Return where the page and the JSON go.

    Raises:
        DataError: a file that was named is there already.
    """
    if html is None and json is None:
        name = f"check-{real(data).name or 'data'}"
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        folder = next(path for path in map(Path, names) if not path.exists())
        return {"html": folder / "index.html", "json": folder / "findings.json"}
    named = {kind: path for kind, path in (("html", html), ("json", json)) if path is not None}
    for path in named.values():
        if path.exists() and not (overwrite and path.is_file()):
            raise DataError(f"{path}: exists; name a new file, or add --overwrite to replace it")
    return named


@contextmanager
def _memory(data: Path, again: bool) -> Iterator[Memory | None]:
    if again:
        yield None
    else:
        with Memory(data) as memory:
            yield memory


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def _tell(console: Console, found: Survey, findings: Sequence[Finding]) -> None:
    for note in found.notes:
        _say(console, f"note: {note}")
    if not findings:
        _say(console, f"{count(len(found.entries), 'pair')}, nothing is wrong")
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("found")
    table.add_column("first in")
    for entry in findings:
        first = entry.files[0][0] if entry.files else ""
        mended = " (--fix mends it)" if entry.safe else ""
        table.add_row(
            Text(entry.severity, _STYLES[entry.severity]),
            Text(entry.title + mended),
            Text(_below(first, found.root)),
        )
    console.print(table)
    if found.once and any(entry.fix for entry in findings):
        _say(console, f"--fix mends some of this, once {found.once}")


def _below(file: str, root: Path) -> str:
    return file.removeprefix(f"{root}/")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
