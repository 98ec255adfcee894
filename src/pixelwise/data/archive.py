"""Unpack a zip with a data set, without trust in what stands in it."""

from __future__ import annotations

import shutil
import stat
import tempfile
import weakref
import zipfile
import zlib
from functools import cache
from pathlib import Path, PurePosixPath

from ..errors import DataError

MAX_BYTES = 64 * 2**30
"""Most that a zip may hold, unpacked."""

MAX_FILES = 2_000_000
_MAX_RATIO = 200  # masks of a few flat areas shrink to a hundredth, bombs to a thousandth
_SMALL = 50 * 2**20  # what no ratio makes dangerous
_CHUNK = 2**20


def is_archive(path: Path) -> bool:
    """Say whether a path is that of a zip, by its suffix."""
    return path.suffix.lower() == ".zip" and path.is_file()


class _Folder:
    """A temporary folder that is gone when the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pixelwise-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


_kept: list[_Folder] = []


def temporary_folder() -> Path:
    """Make a folder that lasts as long as this process."""
    _kept.append(_Folder())
    return _kept[-1].path


def is_temporary(path: Path) -> bool:
    """Tell whether a file lies in a folder that is gone when the process ends."""
    return any(path.is_relative_to(folder.path) for folder in _kept)


def unpack(path: Path) -> Path:
    """Unpack a zip to a temporary folder, which lasts as long as this process, and return the folder.

    The folder is called like the zip, which tells it in messages. Of a zip that holds nothing but one folder,
    that folder is returned. A zip is unpacked once in a process, as long as it does not change.

    Raises:
        DataError: it is damaged, a name in it leads elsewhere, or it grows beyond measure.
    """
    facts = path.stat()
    folder = _unpack(path.resolve(), facts.st_size, facts.st_mtime_ns)
    entries = [entry for entry in folder.iterdir() if entry.name != "__MACOSX"]
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


@cache
def _unpack(path: Path, size: int, time: int) -> Path:
    folder = _Folder()
    content = folder.path / path.name
    try:
        content.mkdir()
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _refuse_bombs(members, size)
            for member in members:
                _extract(archive, member, content)
    except DataError as error:
        folder.remove()
        raise DataError(f"{path}: {error}") from error
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        folder.remove()
        raise DataError(
            f"{path}: cannot be unpacked ({error}); copy it again, or unpack it yourself"
        ) from error
    _kept.append(folder)
    return content


def _refuse_bombs(members: list[zipfile.ZipInfo], packed: int) -> None:
    total = sum(member.file_size for member in members)
    if len(members) > MAX_FILES:
        raise DataError(f"holds {len(members):,} files, expected at most {MAX_FILES:,}: unpack it yourself")
    if total > MAX_BYTES or total > max(_SMALL, packed * _MAX_RATIO):
        raise DataError(
            f"its {packed:,} bytes become {total:,}, as attacks do: unpack it yourself if you trust it"
        )


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    """Write one file of a zip below a folder.

    Raises:
        DataError: its name leads elsewhere, it is a link, or it holds more than it says.
    """
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if not name.parts:
        raise DataError(f"the name {member.filename!r} in it is no file's; nothing is unpacked")
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0] or "\0" in member.filename:
        raise DataError(f"the name {member.filename!r} in it leads out of the folder; nothing is unpacked")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DataError(f"{member.filename!r} in it is a link, expected plain files")
    path = folder.joinpath(*name.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise DataError(f"{member.filename!r} in it holds more than it says")
            target.write(chunk)
