"""One process at a time writes the table of areas: a lock file beside it."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..writing import writing_to

PATIENCE, BEAT, NOTICE = 60.0, 5.0, 5.0
"""Seconds until a lock that nobody touches is passed over, between two touches, until a wait is told."""

log = logging.getLogger("pixelwise")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from writing a table while the block runs.

    A lock file works where several machines share a folder, too. It is touched now and then by a thread, also
    while the disk is slow: one that stays the same was left by a process that was killed, and is passed over.

    Raises:
        DataError: the lock file cannot be made.
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
