"""Find the pictures in a folder, by their names."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from ..errors import DataError
from .image import IMAGE_SUFFIXES


def by_name(folder: Path, what: str) -> tuple[dict[str, Path], list[str]]:
    """Return the pictures below a folder by their names, and a line for each that has the name of another."""
    files: dict[str, Path] = {}
    doubled: list[str] = []
    for path in picture_files(folder):
        name = name_below(folder, path)
        if name in files:
            doubled.append(
                f"{path}: differs from {files[name].name} in its suffix alone, so that two {what} have one "
                "name: rename or delete one of them"
            )
        else:
            files[name] = path
    return files, doubled


def name_below(folder: Path, path: Path) -> str:
    """Return how a pair is called by a file below a folder: its path there, without suffix."""
    return unicodedata.normalize("NFC", path.relative_to(folder).with_suffix("").as_posix())


def picture_files(folder: Path) -> list[Path]:
    """Return all pictures (by suffix) below a folder, in order, but no hidden ones.

    Raises:
        DataError: a folder cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in files if not name.startswith("."))
        found += [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(found)


def content_of(folder: Path) -> str:
    """Return the first names in a folder, for messages."""
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:8] + ["..."] * (len(names) > 8)) or "nothing"
