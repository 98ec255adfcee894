"""What is written: whole files and whole folders, or none; and found out early where nothing can be."""

from __future__ import annotations

import csv
import errno
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from .errors import DataError

PART = ".part"
"""Suffix of what is being written."""


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Name a file or folder in the errors of the block that writes it.

    Raises:
        DataError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error


def check_writable(path: Path) -> None:
    """Make sure that a file or folder can be made at `path`, before long work whose result goes there.

    Raises:
        DataError: it cannot.
    """
    place = path if path.is_dir() else path.absolute().parent
    nearest = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    with writing_to(path), tempfile.TemporaryFile(dir=nearest):
        pass


@contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write to that becomes `path` when the block ends well, and vanishes when it does not.

    Args:
        path: The file; its folder is made if need be.
        sync: Wait until it is on the disk before it gets that name, so that a power cut leaves it whole or
            not at all. That takes milliseconds; without it, a power cut may leave the file cut short.

    Raises:
        DataError: the file cannot be written.
    """
    partial = path.with_name(_partial_name())
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as file:
                yield file
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def replacing_table(path: Path) -> Iterator[Any]:
    """Give a `csv.writer` of a file in UTF-8, whole or not at all; names of files need not be text.

    Raises:
        DataError: the file cannot be written.
    """
    with replacing(path) as file:
        text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
        yield csv.writer(text)
        text.detach()  # which writes the rest


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8, whole or not at all; an earlier one is replaced.

    Raises:
        DataError: it cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode())


def check_new_folder(path: Path, outside: Path | None = None) -> None:
    """Make sure that a folder can be made at `path`, where nothing but an empty folder may be.

    Raises:
        DataError: it cannot, or `path` lies within the data set `outside`, which is to stay as it is.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise _taken(path)
    if outside is not None and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(outside)):
        raise DataError(f"{path}: lies within the data set {outside}; name a folder elsewhere")
    check_writable(path)


@contextmanager
def new_folder(path: Path, outside: Path | None = None) -> Iterator[Path]:
    """Give a folder to fill, whose content lies in `path` once the block has ended well, and vanishes else.

    A process that is killed meanwhile, or another one with the same folder, leaves nothing that could be
    taken for a whole data set: until the end, all lies in a hidden folder within `path`.

    Raises:
        DataError: it must not be there (see `check_new_folder`), another process has filled it meanwhile, or
            the disk is full.
    """
    check_new_folder(path, outside)
    was_there = path.exists()
    partial = path / _partial_name()
    with writing_to(path):
        partial.mkdir(parents=True)
    try:
        yield partial
        if any(entry.suffix != PART for entry in path.iterdir()):  # another process was quicker
            raise _taken(path)
        with writing_to(path):
            for entry in sorted(partial.iterdir(), key=Path.is_file):  # folders, which replace no full ones
                entry.replace(path / entry.name)
            partial.rmdir()
    except BaseException as error:
        with suppress(OSError):  # the first error is the one to tell
            shutil.rmtree(partial)
            if not was_there:
                path.rmdir()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            with writing_to(path):
                raise
        raise


def _taken(path: Path) -> DataError:
    held = f" (it holds {next(path.iterdir()).name})" if path.is_dir() else ""
    return DataError(f"{path}: exists and is not an empty folder{held}; name a new one, or delete it")


def _partial_name() -> str:
    return f".{secrets.token_hex(8)}{PART}"  # short, and no other process's
