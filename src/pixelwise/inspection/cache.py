"""Remember records of pairs between runs, and what training asks of their files."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from ..data.bands import Bands
from ..data.check import PICTURE, PictureHead
from ..data.formats.drawing import DrawnMask
from ..data.leaks import mark
from ..data.memory import Kind, Memory
from ..data.pairs import Pair
from ..data.scan import MASK, mask_from_plain, mask_to_plain
from ..errors import ImageError
from .edges import Agreement
from .likeness import Fingerprint
from .record import MaskFacts, PairRecord, PictureFacts


def remembering(memory: Memory, look: Callable[[Pair], PairRecord]) -> Callable[[Pair], PairRecord]:
    """Return a function that does what `look` does, for pairs that are not known yet.

    A training that starts later finds what it wants to know of their files, too.
    """

    def also(pair: Pair, record: PairRecord) -> None:
        seen, held = record.picture, record.mask
        if isinstance(seen, PictureFacts):
            with suppress(ImageError):  # the file has gone meanwhile
                memory.keep(PICTURE, pair.image, PictureHead(seen.size, seen.bands, mark(pair.image)))
        if isinstance(held, MaskFacts):
            memory.keep(MASK, pair.mask, held.record)

    return memory.remembering(PAIR, look, also)


def _to_plain(record: PairRecord) -> list[Any] | None:
    picture, mask = record.picture, record.mask
    if isinstance(picture, str) or isinstance(mask, str):
        return None
    marks = picture.print.digest.hex(), picture.print.small.hex()
    seen = [picture.size, picture.kind, picture.turned, *marks, astuple(picture.bands)]
    held = [mask_to_plain(mask.record), mask.kind, mask.areas, mask.soft, mask.between]
    return [seen, held, record.fit, record.fit_unturned]


def _from_plain(plain: list[Any]) -> PairRecord:
    (size, shot, turned, digest, small, bands), (values, kind, areas, soft, between), *fits = plain
    marks = Fingerprint(bytes.fromhex(digest), bytes.fromhex(small))
    picture = PictureFacts((size[0], size[1]), shot, turned, marks, Bands(*bands))
    mask = MaskFacts(mask_from_plain(values), kind, tuple(areas), soft, between)
    here, unturned = (None if fit is None else Agreement(*fit) for fit in fits)
    return PairRecord(picture, mask, here, unturned)


def _files(pair: Pair) -> tuple[Path, ...]:
    if isinstance(pair.mask, DrawnMask):
        return (pair.image,)  # its outlines are marked below
    return (pair.image, pair.mask) if isinstance(pair.mask, Path) else ()


def _mark(pair: Pair) -> str:
    """Name the outlines that a mask is drawn from: all that it holds, so that any change is another name."""
    if isinstance(pair.mask, DrawnMask):
        return hashlib.blake2b(pickle.dumps(pair.mask), digest_size=16).hexdigest()
    return ""


PAIR = Kind("pair", _files, _to_plain, _from_plain, _mark)
