"""Find the pictures in a folder, by their names."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..errors import DataError
from .image import IMAGE_SUFFIXES


def fold(name: str, path: Path) -> str:
    """Return a path without the name in it: one text for all files of a folder, which memory holds once."""
    before, found, after = str(path).rpartition(name or "/")
    return sys.intern(f"{before}\0{after}") if name and found else str(path)


def unfold(name: str, folded: str) -> Path:
    """Return the path that `fold` was given."""
    return Path(folded.replace("\0", name))


class Files(Mapping[str, Path]):
    """Files by name, kept as hardly more than the names."""

    def __init__(self) -> None:
        """Begin without files."""
        self._folded: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        """Put a file in."""
        self._folded[name] = fold(name, path)

    def __getitem__(self, name: str) -> Path:
        return unfold(name, self._folded[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._folded)

    def __len__(self) -> int:
        return len(self._folded)


def by_name(folder: Path, what: str) -> tuple[Files, list[str]]:
    """Return the pictures below a folder by their names, and a line for each that has the name of another."""
    files = Files()
    doubled: list[str] = []
    for path in picture_files(folder):
        name = name_below(folder, path)
        if name in files:
            doubled.append(
                f"{path}: differs from {files[name].name} in its suffix alone, so that two {what} have one "
                "name: rename or delete one of them"
            )
        else:
            files.add(name, path)
    return files, doubled


def name_below(folder: Path, path: Path) -> str:
    """Return how a pair is called by a file below a folder: its path there, without suffix."""
    return unicodedata.normalize("NFC", path.relative_to(folder).with_suffix("").as_posix())


def name_in(text: str) -> str:
    """Return how a pair is called by a path that stands in a file: files written by it never lead out."""
    return name_below(Path("/"), Path("/", *(part for part in parts_in(text) if part != "..")))


def parts_in(text: str) -> list[str]:
    """Return the folders and the file of a path that stands in a file, be it of Windows or not."""
    return [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]


def real(path: Path) -> Path:
    """Return a path without symbolic links; of a link to itself, unlike `Path.resolve`, as it stands."""
    return Path(os.path.realpath(path))


def walk(
    folder: Path, on_error: Callable[[OSError], None], besides: Path | None = None
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk through a folder as `os.walk` does: in order, without what is hidden, and into links as well.

    No folder is entered twice, since links may lead round in circles, nor is `besides` (without links in it).
    """
    seen = {os.path.realpath(folder), str(besides)}
    for place, folders, files in os.walk(folder, onerror=on_error, followlinks=True):
        new = []
        for name in sorted(name for name in folders if name[0] != "."):
            if (real := os.path.realpath(Path(place, name))) not in seen:
                seen.add(real)
                new.append(name)
        folders[:] = new
        yield Path(place), folders, sorted(name for name in files if name[0] != ".")


def picture_files(folder: Path) -> Iterator[Path]:
    """Yield all pictures (by suffix) below a folder, in order, but no hidden ones.

    Raises:
        DataError: a folder cannot be listed.
    """
    return (path for path in _files(folder) if path.suffix.lower() in IMAGE_SUFFIXES)


def other_files(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder that are no pictures by suffix; raises what `picture_files` raises."""
    return (path for path in _files(folder) if path.suffix.lower() not in IMAGE_SUFFIXES)


def _files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    for place, _, files in walk(folder, refuse):
        yield from (place / name for name in files)


def content_of(folder: Path) -> str:
    """Return the first names in a folder, for messages."""
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:8] + ["..."] * (len(names) > 8)) or "nothing"
