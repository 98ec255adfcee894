"""Remember records of pairs between runs, as long as their files stay as they were."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import PIL

from .. import __version__
from ..data.bands import Bands
from ..data.pairs import Pair
from ..data.scan import MaskRecord
from .edges import Agreement
from .likeness import Fingerprint
from .record import MaskFacts, PairRecord, PictureFacts

SETTLED = 2_000_000_000
"""Nanoseconds that a file must have been left alone before its record is kept: a change that comes sooner
could leave size and time as they were, on file systems that count in whole seconds."""

_FORM = 2  # of the records; a record of another form is not read


class Cache:
    """Records of a data set's pairs in a small data base; use it in a `with` block.

    A record is found again only if both files have the same path, size, time of change, and time of change of
    the file's entry (which nobody can set), and this version of pixelwise and Pillow wrote it. A data base
    that cannot be read, or not be written, is as good as none.
    """

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        """Open the memory of the data set at `root`, below `folder` or the user's folder for caches."""
        name = hashlib.sha256(str(root.resolve()).encode(errors="surrogateescape")).hexdigest()[:24]
        self._path = (folder or default_folder()) / f"{name}.sqlite"
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        self._writer = f"{_FORM} {__version__} {PIL.__version__}"

    def __enter__(self) -> Self:
        for _ in range(2):  # a broken file is put away, once
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._base = sqlite3.connect(self._path, timeout=5, check_same_thread=False)
                self._base.execute("PRAGMA synchronous = OFF")
                self._base.execute(
                    "CREATE TABLE IF NOT EXISTS records (pair TEXT PRIMARY KEY, state TEXT, record TEXT)"
                )
                break
            except (OSError, sqlite3.Error):
                self._forget()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._base is not None:
            try:
                self._base.commit()
                self._base.close()
            except sqlite3.Error:
                self._forget()

    def remembering(self, look: Callable[[Pair], PairRecord]) -> Callable[[Pair], PairRecord]:
        """Return a function that does what `look` does, for pairs that are not known yet."""

        def recall_or_look(pair: Pair) -> PairRecord:
            state = self._state(pair)
            known = self._recall(pair, state) if state else None
            if known is not None:
                return known
            record = look(pair)
            if state and state == self._state(pair):  # nobody wrote to the files while they were read
                self._keep(pair, state, record)
            return record

        return recall_or_look

    def _state(self, pair: Pair) -> str | None:
        """Return what tells a changed file from one that is as it was, or None where nothing does."""
        if not isinstance(pair.mask, Path):
            return None
        try:
            stats = [path.stat() for path in (pair.image, pair.mask)]
        except OSError:
            return None
        if time.time_ns() - max(max(stat.st_mtime_ns, stat.st_ctime_ns) for stat in stats) < SETTLED:
            return None
        files = [f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}" for stat in stats]
        return " | ".join([self._writer, *files])

    def _recall(self, pair: Pair, state: str) -> PairRecord | None:
        row = self._ask("SELECT record FROM records WHERE pair = ? AND state = ?", (_key(pair), state))
        try:
            return _from_plain(json.loads(row[0])) if row else None
        except (ValueError, TypeError, KeyError, IndexError):  # not what we wrote
            return None

    def _keep(self, pair: Pair, state: str, record: PairRecord) -> None:
        text = json.dumps(_to_plain(record), separators=(",", ":"))
        self._ask("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (_key(pair), state, text))

    def _ask(self, question: str, values: tuple[str, ...]) -> Any:
        with self._lock:
            if self._base is None:
                return None
            try:
                return self._base.execute(question, values).fetchone()
            except (sqlite3.Error, UnicodeEncodeError):
                return None

    def _forget(self) -> None:
        """Close the data base and delete it; the next run starts a new one."""
        if self._base is not None:
            self._base.close()
            self._base = None
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return


def default_folder() -> Path:
    """Return the user's folder for what pixelwise remembers of checked data sets."""
    if chosen := os.environ.get("PIXELWISE_CACHE"):
        return Path(chosen) / "checked"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pixelwise" / "checked"


def _key(pair: Pair) -> str:
    return f"{Path(pair.image).absolute()}\n{Path(str(pair.mask)).absolute()}"


def _to_plain(record: PairRecord) -> list[Any]:
    picture, mask = record.picture, record.mask
    seen: Any = picture
    if isinstance(picture, PictureFacts):
        marks = picture.print.digest.hex(), picture.print.small.hex()
        bands = picture.bands
        what = bands.count, bands.dtype, bands.alpha, bands.varied
        seen = [picture.size, picture.kind, picture.turned, *marks, what]
    held: Any = mask
    if isinstance(mask, MaskFacts):
        found = mask.record
        lists = list(found.counts), list(found.counts.values()), list(found.palette.items())
        values = [found.size, *lists, found.rest, found.by_color, found.lossy]
        held = [values, mask.kind, mask.areas, mask.soft]
    return [seen, held, record.fit, record.fit_unturned]


def _from_plain(plain: list[Any]) -> PairRecord:
    seen, held, *fits = plain
    picture: PictureFacts | str = seen
    if isinstance(seen, list):
        size, kind, turned, digest, small, what = seen
        marks = Fingerprint(bytes.fromhex(digest), bytes.fromhex(small))
        picture = PictureFacts((size[0], size[1]), kind, turned, marks, Bands(*what))
    mask: MaskFacts | str = held
    if isinstance(held, list):
        (size, values, pixels, palette, rest, by_color, lossy), kind, areas, soft = held
        counts = dict(zip(values, pixels, strict=True))
        record = MaskRecord((size[0], size[1]), counts, rest, by_color, dict(palette), lossy)
        mask = MaskFacts(record, kind, tuple(areas), soft)
    here, unturned = (None if fit is None else Agreement(*fit) for fit in fits)
    return PairRecord(picture, mask, here, unturned)
