"""Remember between runs what was found in files, as long as the files stay as they were."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import PIL

from .. import __version__
from ..cache import cache_folder
from .archive import is_temporary
from .listing import real

SETTLED = 2_000_000_000
"""Nanoseconds that a file must have been left alone before its record is kept: a change that comes sooner
could leave size and time as they were, on file systems that count in whole seconds."""

PATIENCE = 5.0
"""Seconds to wait for another process that writes to the same memory, before going without it."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_FORM = 6  # of the records; a record of another form is not read

_Item = TypeVar("_Item")
_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Kind(Generic[_Item, _Record]):
    """A kind of record.

    Attributes:
        name: What tells it from other kinds.
        files: The files that an item's record depends on; none where it depends on something else too.
        to_plain: Turns a record into what JSON holds; None for one that is not to be kept, since it could be
            another the next time: what went wrong with a file may be the memory's or the network's fault.
        from_plain: Turns that back into an equal record; may raise what it likes on anything else.
        mark: Names what else a record depends on, such as outlines that come from a file of many.
    """

    name: str
    files: Callable[[_Item], tuple[Path, ...]]
    to_plain: Callable[[_Record], Any]
    from_plain: Callable[[Any], _Record]
    mark: Callable[[_Item], str] = lambda item: ""


class Memory:
    """Records of a data set's files in a small data base; use it in a `with` block.

    A record is found again only if its files have the same path, size, time of change, time of change of the
    file's entry (which nobody can set) and inode, and this version of pixelwise and Pillow wrote it. A data
    base that cannot be read, or not be written, is as good as none. One that is damaged is deleted; one that
    another process writes to stays as it is.
    """

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        """Open the memory of the data set at `root`, below `folder` or the user's folder for caches."""
        name = hashlib.sha256(str(real(root)).encode(errors="surrogateescape")).hexdigest()[:24]
        self._path = (folder or cache_folder() / "checked") / f"{name}.sqlite"
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        self._writer = f"{_FORM} {__version__} {PIL.__version__}"

    def __enter__(self) -> Self:
        for _ in range(2):  # a damaged file is deleted, once
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._base = sqlite3.connect(self._path, timeout=PATIENCE, check_same_thread=False)
                self._base.execute("PRAGMA synchronous = OFF")
                self._base.execute(
                    "CREATE TABLE IF NOT EXISTS found "
                    "(kind TEXT, files TEXT, state TEXT, record TEXT, PRIMARY KEY (kind, files))"
                )
                break
            except (OSError, sqlite3.Error) as error:
                if not self._give_up(error):
                    break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._base is not None:
            try:
                self._base.commit()
                self._base.close()
            except sqlite3.Error as error:
                self._give_up(error)

    def remembering(
        self,
        kind: Kind[_Item, _Record],
        look: Callable[[_Item], _Record],
        also: Callable[[_Item, _Record], None] = lambda item, record: None,
    ) -> Callable[[_Item], _Record]:
        """Return a function that does what `look` does, for items that are not known yet.

        Args:
            kind: What is remembered.
            look: Reads the files.
            also: Told of each record that was new.
        """

        def recall_or_look(item: _Item) -> _Record:
            files = kind.files(item)
            mark = kind.mark(item) if files else ""
            state = self._state(files, mark)
            known = self._recall(kind, files, state) if state else None
            if known is not None:
                return known
            record = look(item)
            if state and state == self._state(files, mark):  # nobody wrote to the files while they were read
                self._keep(kind, files, state, record)
                also(item, record)
            return record

        return recall_or_look

    def keep(self, kind: Kind[_Item, _Record], item: _Item, record: _Record) -> None:
        """Remember a record that was made of the files as they are now."""
        files = kind.files(item)
        if state := self._state(files, kind.mark(item) if files else ""):
            self._keep(kind, files, state, record)

    def _state(self, files: tuple[Path, ...], mark: str) -> str | None:
        """Return what tells a changed file from one that is as it was, or None where nothing does."""
        if any(map(is_temporary, files)):
            return None
        try:
            stats = [path.stat() for path in files]
        except OSError:
            return None
        last = max((max(stat.st_mtime_ns, stat.st_ctime_ns) for stat in stats), default=None)
        if last is None or time.time_ns() - last < SETTLED:
            return None
        words = [f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}" for stat in stats]
        return " | ".join([self._writer, *words, mark])

    def _recall(self, kind: Kind[_Item, _Record], files: tuple[Path, ...], state: str) -> _Record | None:
        row = self._ask(
            "SELECT record FROM found WHERE kind = ? AND files = ? AND state = ?",
            (kind.name, _key(files), state),
        )
        try:
            return kind.from_plain(json.loads(row[0])) if row else None
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):  # not what we wrote
            return None

    def _keep(self, kind: Kind[_Item, _Record], files: tuple[Path, ...], state: str, record: _Record) -> None:
        if (plain := kind.to_plain(record)) is not None:
            row = kind.name, _key(files), state, json.dumps(plain, separators=(",", ":"))
            self._ask("INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)", row)

    def _ask(self, question: str, values: tuple[str, ...]) -> Any:
        with self._lock:
            if self._base is None:
                return None
            try:
                return self._base.execute(question, values).fetchone()
            except UnicodeEncodeError:
                return None
            except sqlite3.Error as error:
                self._give_up(error)
                return None

    def _give_up(self, error: Exception) -> bool:
        """Close the data base, delete it if it is damaged, and say whether it was deleted."""
        if self._base is not None:
            self._base.close()
            self._base = None
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:  # the low byte is the kind of error
            return False
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _key(files: tuple[Path, ...]) -> str:
    return "\n".join(str(path.absolute()) for path in files)
