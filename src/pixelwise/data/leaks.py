"""Files that stand in two splits: a score on pictures that were learned from means nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ImageError


def mark(path: Path) -> int:
    """Return 64 bits that tell the bytes of a file from those of any other.

    It is taken when a picture is checked, whose file is in the system's memory then, and kept with what else
    is known of it.

    Raises:
        ImageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).digest()
    except OSError as error:
        raise ImageError(f"{path}: cannot be read ({error.strerror or error})") from error
    return int.from_bytes(digest)


def in_both(first: Sequence[int], second: Sequence[int]) -> list[tuple[int, int]]:
    """Return, for each mark of `second` that is in `first`, its first place there and its place in `second`.

    Args:
        first: Marks of the files of a split; an array("Q") takes 8 bytes for each.
        second: Those of another split.
    """
    ours, theirs = np.asarray(first, np.uint64), np.asarray(second, np.uint64)
    if not len(ours):
        return []
    order = np.argsort(ours, kind="stable")
    places = order[np.searchsorted(ours, theirs, sorter=order).clip(max=len(ours) - 1)]
    found = np.flatnonzero(ours[places] == theirs)
    return list(zip(places[found].tolist(), found.tolist(), strict=True))
