"""Which pictures files, folders and globs stand for, and what each one's results are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..data.image import IMAGE_SUFFIXES
from ..data.listing import real, walk
from ..errors import DataError
from .outputs import is_result


@dataclass(frozen=True)
class Source:
    """One picture to predict.

    Attributes:
        path: Its file.
        name: What its results are called below the folder that they go to, without a suffix: "seq1/0001".
    """

    path: Path
    name: PurePosixPath


def find_sources(pictures: Sequence[str | Path], out: Path) -> tuple[list[Source], tuple[str, ...]]:
    """Find pictures and name their results.

    A folder is searched with all folders in it, except hidden ones, `out`, the masks beside a data set's
    pictures, and earlier results; of these, and of folders that cannot be listed, there is a note. A name is
    the path below the deepest folder that holds everything that was asked for, without its suffix; pictures
    that would then share a name keep their suffixes.

    Args:
        pictures: Files, folders and glob patterns ("shots/*.jpg", "**" for any depth).
        out: Folder that the results go to.

    Returns:
        Every picture once, and notes for people on names that kept their suffix and folders left out.

    Raises:
        DataError: a file is missing, there is no picture at all, or `out` is itself a folder of pictures.
    """
    if not pictures:
        raise DataError("no pictures were named; give files, folders, or patterns such as 'shots/*.jpg'")
    found: dict[Path, Path] = {}
    roots = []
    notes: list[str] = []
    results = real(out)
    for text in map(str, pictures):
        root, files = _expand(text, results, notes)
        roots.append(_absolute(root))
        for path in files:
            found.setdefault(real(path), path)
    if not found:
        asked = ", ".join(map(str, pictures))
        endings = ", ".join(sorted(IMAGE_SUFFIXES))
        reasons = "".join(f"; {note}" for note in notes)
        raise DataError(f"no pictures found in {asked}; expected files that end in {endings}{reasons}")
    base = os.path.commonpath(roots)
    names = {path: PurePosixPath(_absolute(path).relative_to(base).as_posix()) for path in found.values()}
    sources, kept = _without_suffixes(names)
    return sources, (*notes, *kept)


def _expand(text: str, results: Path, notes: list[str]) -> tuple[Path, list[Path]]:
    """Return the folder below which names are told apart, and the pictures that `text` stands for."""
    if not text:  # what a shell makes of a variable that is not set
        raise DataError("one of the pictures is named '', expected a file, a folder or a pattern")
    path = Path(text)
    if path.is_dir():
        return path, list(_walk(path, results, notes))
    if path.exists():
        return path.parent, [path]
    if not glob.has_magic(text):
        raise DataError(f"{text}: no such file or folder")
    first = next(place for place, part in enumerate(path.parts) if glob.has_magic(part))
    root = Path(*path.parts[:first])
    _check_apart(root, results)
    inside = results.is_relative_to(real(root))
    files: list[Path] = []
    try:
        hits = sorted(root.glob(str(Path(*path.parts[first:]))))
    except ValueError as error:
        raise DataError(f"{text}: no pattern for files ({error})") from error
    for hit in hits:
        hidden = any(part[0] == "." for part in hit.relative_to(root).parts)
        if hidden or (inside and real(hit).is_relative_to(results)):
            continue
        if hit.is_dir():
            files += _walk(hit, results, notes)
        elif hit.suffix.lower() in IMAGE_SUFFIXES:
            files.append(hit)
    return root, files


def _check_apart(folder: Path, results: Path) -> None:
    if real(folder) == results:
        raise DataError(f"{folder}: holds the pictures, so the results cannot go there: give another --out")


def _walk(folder: Path, results: Path, notes: list[str]) -> Iterator[Path]:
    """Yield the pictures in a folder and below, sorted, without what `find_sources` says is left out."""
    _check_apart(folder, results)

    def note(error: OSError) -> None:
        notes.append(f"{error.filename}: left out, cannot be listed ({error.strerror})")

    left_out: dict[str, list[Path]] = {_MASKS: [], _RESULTS: []}
    for here, folders, files in walk(folder, note, besides=results):
        if {"images", "masks"} <= set(folders):
            folders.remove("masks")
            left_out[_MASKS].append(here / "masks")
        found = [name for name in files if Path(name).suffix.lower() in IMAGE_SUFFIXES]
        if here != folder and found and is_result(here / found[0]):
            left_out[_RESULTS].append(here)
        else:
            yield from (here / name for name in found)
    for what, where in left_out.items():
        if where:
            more = f" (and {len(where) - 1} more)" if len(where) > 1 else ""
            notes.append(f"{where[0]}{more}: left out, {what}; name it to have it predicted")


_MASKS = "holds the masks of the pictures beside it"
_RESULTS = "holds results of pixelwise predict"


def _without_suffixes(names: dict[Path, PurePosixPath]) -> tuple[list[Source], tuple[str, ...]]:
    """Take the suffix off every name that stays different from all others without it."""
    short = {path: name.with_suffix("") for path, name in names.items()}
    while shared := {name for name, count in Counter(short.values()).items() if count > 1}:
        alike = [path for path, name in short.items() if name in shared]
        if all(short[path] == names[path] for path in alike):
            raise DataError(
                f"{alike[0]} and {alike[1]}: would have the same results, since a '..' leads out of a link; "
                "name one of them by another path"
            )
        for path in alike:
            short[path] = names[path]
    kept = [name for path, name in names.items() if short[path] == name != name.with_suffix("")]
    notes: tuple[str, ...] = ()
    if kept:
        shown = ", ".join(f"{name}.png" for name in kept[:4]) + (", ..." if len(kept) > 4 else "")
        notes = (f"pictures that differ in nothing but their suffix keep it in the results' names: {shown}",)
    return [Source(path, name) for path, name in short.items()], notes


def _absolute(path: Path) -> Path:
    """Return the path from the root, without "..", and with symbolic links as they are."""
    return Path(os.path.normpath(path.absolute()))
