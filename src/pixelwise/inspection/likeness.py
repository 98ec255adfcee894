"""Tell pictures that are the same, or nearly so, from a few bytes of each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16
"""Side of the small grey picture that likeness is judged on."""

NEAR = 2.5
"""Mean difference of two small pictures, in grey levels, below which they pass for nearly the same."""

_FLAT = 3.0
_CROWD = 200


@dataclass(frozen=True, slots=True)
class Fingerprint:
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
        return float(np.frombuffer(self.small, np.uint8).std()) < _FLAT


def fingerprint(image: NDArray[np.uint8]) -> Fingerprint:
    """Return the fingerprint of a picture, RGB (H, W, 3) uint8."""
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    small = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return Fingerprint(digest.digest(), small.tobytes())


def same(prints: Iterable[Fingerprint]) -> list[list[int]]:
    """Return the groups of places at which equal pictures stand, two or more a group."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for place, entry in enumerate(prints):
        places[entry.digest].append(place)
    return [group for group in places.values() if len(group) > 1]


def near(left: Sequence[Fingerprint], right: Sequence[Fingerprint]) -> list[tuple[int, int, float]]:
    """Return the pairs of one picture of each side that are nearly, but not exactly, the same.

    Each picture's 64 signs (is a cell lighter than its neighbour?) fall into four words; only pictures with a
    word in common are compared, so that time grows with the number of pictures and not with its square. Of
    a word that hundreds share, as in an empty scene, only the first `_CROWD` pictures a side are compared.

    Returns:
        Place on the left, place on the right, and mean difference in grey levels; the nearest first.
    """
    buckets: dict[tuple[int, int], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, prints in enumerate((left, right)):
        for place, entry in enumerate(prints):
            if not entry.flat:
                for key in enumerate(_words(entry)):
                    buckets[key][side].append(place)
    tables = [_table(prints) for prints in (left, right)]
    found: dict[tuple[int, int], float] = {}
    for ours, theirs in buckets.values():
        if ours and theirs:
            ours, theirs = ours[:_CROWD], theirs[:_CROWD]
            apart = np.abs(tables[0][ours][:, None] - tables[1][theirs][None]).mean(2)
            for i, j in np.argwhere(apart < NEAR).tolist():
                if left[ours[i]].digest != right[theirs[j]].digest:
                    found[ours[i], theirs[j]] = float(apart[i, j])
    return sorted(((i, j, apart) for (i, j), apart in found.items()), key=lambda entry: entry[2])


def _table(prints: Sequence[Fingerprint]) -> NDArray[np.int16]:
    rows = np.frombuffer(b"".join(entry.small for entry in prints), np.uint8)
    return rows.reshape(len(prints), SIDE * SIDE).astype(np.int16)


def _words(entry: Fingerprint) -> list[int]:
    """Return the four words of 16 signs, one a quarter of the picture from top to bottom."""
    cells = np.frombuffer(entry.small, np.uint8).reshape(8, SIDE // 8, 8, SIDE // 8).mean((1, 3))
    signs = np.roll(cells, -1, 1) > cells
    words: NDArray[np.uint16] = np.packbits(signs.reshape(4, 16), axis=1).view(np.uint16)
    return [int(word) for word in words.ravel()]
