"""Files that stand in two splits: a score on pictures that were learned from means nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

_PIECE = 1 << 16  # bytes from the middle of a file that tell most files of one size apart

_Group = tuple[list[Path], list[Path]]


def in_both(first: Iterable[Path], second: Iterable[Path]) -> list[tuple[Path, Path]]:
    """Return each file of `second` that holds the very bytes of one of `first`, behind that one.

    Only files of one size are opened, and only those read as a whole that are alike in the middle.

    Raises:
        OSError: a file cannot be read.
    """
    groups = [(list(first), list(second))]
    for key in (_size, _middle, _digest):
        groups = [part for group in groups for part in _parts(group, key)]
    return [(ours[0], path) for ours, theirs in groups for path in theirs]


def _parts(group: _Group, key: Callable[[Path], Hashable]) -> list[_Group]:
    """Part two lists by a key of their files, and return the parts that both have a share in."""
    parts: dict[Hashable, _Group] = defaultdict(lambda: ([], []))
    for side, paths in enumerate(group):
        for path in paths:
            parts[key(path)][side].append(path)
    return [part for part in parts.values() if all(part)]


def _size(path: Path) -> int:
    return path.stat().st_size


def _middle(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(path.stat().st_size // 2)
        return hashlib.blake2b(file.read(_PIECE), digest_size=16).digest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
