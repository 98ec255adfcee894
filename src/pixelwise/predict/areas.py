"""The table of how much of each picture each class covers."""

from __future__ import annotations

import csv
import io
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..labels import Labels
from ..writing import replacing, writing_to

HEADER = ["picture", "class", "pixels", "share"]

PATIENCE, BEAT, NOTICE = 60.0, 5.0, 5.0
"""Seconds until a lock that nobody touches is passed over, between two touches, until a wait is told."""

log = logging.getLogger("pixelwise")


def check_areas(path: Path) -> None:
    """Make sure that a table can be added to, if there is one.

    Raises:
        DataError: the file is none of ours.
    """
    if path.exists():
        try:
            first = next(_rows(path), [])
        except (OSError, csv.Error):
            first = []
        if first != HEADER:
            raise DataError(
                f"{path}: is no table of areas, and is left alone: move it, or take another --out"
            )


def write_areas(path: Path, counts: Mapping[str, NDArray[np.int64]], labels: Labels) -> None:
    """Write a row for every class of every picture, zeros included.

    Rows of other pictures that the table holds already stay, and those of these pictures are replaced.
    Several processes may add to a table: each waits for its turn.

    Args:
        path: The CSV file.
        counts: Pixels (num_classes,) of each class, by the name of the picture.
        labels: Names of the classes.

    Raises:
        DataError: the file is none of ours, or cannot be written.
    """
    with _alone(path), replacing(path) as file:
        check_areas(path)
        earlier = islice(_rows(path), 1, None) if path.exists() else ()
        text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
        table = csv.writer(text)
        table.writerow(HEADER)
        table.writerows(row for row in earlier if row[0] not in counts)
        for picture, pixels in counts.items():
            for name, number in zip(labels.class_names, pixels.tolist(), strict=True):
                table.writerow([picture, name, number, f"{number / pixels.sum():.6f}"])
        text.flush()
        text.detach()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from writing a table while the block runs.

    A lock file works where several machines share a folder, too. It is touched now and then by a thread, also
    while the disk is slow: one that stays the same was left by a process that was killed, and is passed over.
    """
    lock, token = path.with_name(f".{path.name}.lock"), secrets.token_bytes(8)
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _take(lock, token)
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, token, done), name="pixelwise lock", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        with suppress(OSError):
            if lock.read_bytes() == token:
                lock.unlink()


def _take(lock: Path, token: bytes) -> None:
    """Make a lock file, as soon as no other process has it; the log tells of a longer wait.

    Raises:
        OSError: it cannot be made.
    """
    begun = since = time.monotonic()
    held, told = None, False
    while not _taken(lock, token):
        now = time.monotonic()
        with suppress(FileNotFoundError):
            found = lock.read_bytes(), lock.stat().st_mtime_ns  # reading has network disks look anew
            if found != held:
                since, held = now, found
            elif now - since > PATIENCE:
                lock.unlink()
        if not told and now - begun > NOTICE:
            told = True
            log.info("waiting for another process that writes the table of areas: it holds %s", lock)
        time.sleep(0.05)


def _taken(lock: Path, token: bytes) -> bool:
    """Make a lock file, and tell whether it was not there before."""
    try:
        with lock.open("xb", buffering=0) as file:
            try:
                file.write(token)
            except OSError:
                lock.unlink(missing_ok=True)
                raise
    except FileExistsError:
        return False
    return True


def _keep(lock: Path, token: bytes, done: threading.Event) -> None:
    """Touch our lock file now and then, until the work is done."""
    while not done.wait(BEAT):
        with suppress(OSError):
            if lock.read_bytes() == token:
                os.utime(lock)


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a table, one in memory at a time: there may be millions."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        yield from filter(None, csv.reader(file))
