"""Tell pictures that are the same, or nearly so, from a few bytes of each."""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from array import array
from collections import defaultdict
from collections.abc import Iterable
from itertools import compress, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16
"""Side of the small grey picture that likeness is judged on."""

NEAR = 2.5
"""Mean difference of two small pictures, in grey levels, below which they pass for nearly the same."""

_CELLS = SIDE * SIDE
_ROW = _CELLS + 16
_FLAT = 3.0
_CROWD = 200
_BLOCK = 256  # pictures at once


class Fingerprint(NamedTuple):
    """What is kept of a picture to find it again.

    Attributes:
        digest: Of all pixels: equal for equal pictures, in whatever format.
        small: The picture in `SIDE` x `SIDE` grey pixels.
    """

    digest: bytes
    small: bytes

    @property
    def flat(self) -> bool:
        """Whether the picture has next to no content, so that likeness says nothing."""
        small = np.frombuffer(self.small, np.uint8).astype(np.int64)
        return float(small @ small / small.size - (small.sum() / small.size) ** 2) < _FLAT**2


def fingerprint(image: NDArray[np.uint8]) -> Fingerprint:
    """Return the fingerprint of a picture, RGB (H, W, 3) uint8."""
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    small = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return Fingerprint(digest.digest(), small.tobytes())


def same(digests: Iterable[bytes]) -> list[list[int]]:
    """Return the groups of places at which equal digests stand, two or more a group."""
    _, kinds, counts = np.unique(np.fromiter(digests, "S16"), return_inverse=True, return_counts=True)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(counts[kinds] > 1).tolist():
        groups[int(kinds[place])].append(place)
    return list(groups.values())


def near(left: Iterable[Fingerprint], right: Iterable[Fingerprint]) -> list[tuple[int, int, float]]:
    """Find, for pictures on the right, the one on the left that is nearly, but not exactly, the same.

    Each picture's 64 signs (is a cell lighter than its neighbour?) fall into four words; only pictures with a
    word in common are compared, so that time grows with the number of pictures and not with its square. Of
    a word that hundreds share, as in an empty scene, only the first `_CROWD` pictures a side are compared.

    Returns:
        Place on the left, place on the right, and mean difference in grey levels; the nearest first. Each
        picture on the right stands there once at most, with the nearest on the left.
    """
    sides = _Side(left), _Side(right)
    nearest: dict[int, tuple[float, int]] = {}
    for quarter in range(4):
        for ours, theirs in zip(*_in_common(*(side.words[:, quarter] for side in sides)), strict=True):
            one, two = sides[0].rows(ours), sides[1].rows(theirs)
            apart = np.abs(one[:, None, :_CELLS].astype(np.int16) - two[None, :, :_CELLS]).mean(2)
            apart[(one[:, None, _CELLS:] == two[None, :, _CELLS:]).all(2)] = np.inf
            for column in np.flatnonzero(apart.min(0) < NEAR).tolist():
                row, place = int(apart[:, column].argmin()), sides[1].places[theirs[column]]
                found = float(apart[row, column]), sides[0].places[ours[row]]
                nearest[place] = min(found, nearest.get(place, found))
    places = sorted(nearest, key=lambda place: (nearest[place][0], place))
    return [(nearest[place][1], place, nearest[place][0]) for place in places]


class _Side:
    """Fingerprints to compare: their words in memory, and small pictures and digests in a file.

    Attributes:
        places: Which of the pictures these are; those without content are left out.
        words: Their words (N, 4) uint16.
    """

    def __init__(self, prints: Iterable[Fingerprint]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed in the next line
        weakref.finalize(self, self._file.close)
        self.places = array("q")
        words = [np.zeros((0, 4), np.uint16)]
        todo = enumerate(prints)
        while block := list(islice(todo, _BLOCK)):
            small = np.frombuffer(b"".join(entry.small for _, entry in block), np.uint8)
            kept = [not entry.flat for _, entry in block]
            words.append(_words(small.reshape(-1, _CELLS))[kept])
            for place, entry in compress(block, kept):
                self.places.append(place)
                self._file.write(entry.small + entry.digest)
        self.words = np.concatenate(words)

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return small picture and digest (N, 272) of some of `places`."""
        rows = []
        for number in numbers.tolist():
            self._file.seek(number * _ROW)
            rows.append(self._file.read(_ROW))
        return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, _ROW)


def _in_common(
    left: NDArray[np.uint16], right: NDArray[np.uint16]
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Return where each word that both sides hold stands, at most `_CROWD` places a side."""
    words = np.intersect1d(left, right)
    found = []
    for side in (left, right):
        order = np.argsort(side, kind="stable")
        starts, ends = (np.searchsorted(side[order], words, how) for how in ("left", "right"))
        found.append(
            [order[start : min(start + _CROWD, end)] for start, end in zip(starts, ends, strict=True)]
        )
    return found[0], found[1]


def _words(small: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the four words of 16 signs (N, 4) of small pictures (N, 256), one a quarter."""
    cells = small.reshape(-1, 8, SIDE // 8, 8, SIDE // 8).mean((2, 4))
    signs = np.roll(cells, -1, 2) > cells
    words: NDArray[np.uint16] = np.packbits(signs.reshape(-1, 4, 16), axis=2).view(np.uint16)[..., 0]
    return words
