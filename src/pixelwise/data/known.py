"""Public data sets that are recognised by the names of their files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from .description import Description


@dataclass(frozen=True)
class KnownSet:
    """A public data set whose classes have official names.

    Attributes:
        name: What people call it.
        files: Pattern that the names of all its pictures match, without folder and suffix.
        description: What the values in its masks mean; no other value occurs.
        note: What to tell a person who trains on it.
    """

    name: str
    files: re.Pattern[str]
    description: Description
    note: str


CAMVID = KnownSet(
    name="CamVid",
    files=re.compile(r"(0001TP_|0006R0_f?|0016E5_|Seq05VD_f?)\d+"),
    description=Description(
        names={
            0: "sky",
            1: "building",
            2: "pole",
            3: "road",
            4: "pavement",
            5: "tree",
            6: "sign",
            7: "fence",
            8: "car",
            9: "pedestrian",
            10: "bicyclist",
        },
        colors={
            0: (128, 128, 128),
            1: (128, 0, 0),
            2: (192, 192, 128),
            3: (128, 64, 128),
            4: (60, 40, 222),
            5: (128, 128, 0),
            6: (192, 128, 128),
            7: (64, 64, 128),
            8: (64, 0, 128),
            9: (64, 64, 0),
            10: (0, 128, 192),
            11: (0, 0, 0),
        },
        ignore=(11,),
    ),
    note="recognised CamVid by its file names: its 11 classes with their official names and colours; "
    "value 11 in the masks is void and ignored",
)
"""The road scenes of Brostow et al. 2009 with the 11 classes of the SegNet tutorial."""

KNOWN_SETS = (CAMVID,)

MOST = 0.9
"""Share of the pictures that must have a known set's names, and of the masks that must hold its values."""


def recognize(names: Sequence[str], masks: Iterable[Set[int]]) -> KnownSet | None:
    """Return the known data set that has pictures of these names and masks with these values, if any.

    A few files may differ (see `MOST`): one damaged mask makes no other data set of it.

    Args:
        names: Names of all pictures, without suffix; folders before a "/" do not count.
        masks: The values that occur in each mask; can be gone through again.
    """
    stems = [name.rpartition("/")[2] for name in names]
    for known in KNOWN_SETS:
        usual = {*known.description.names, *known.description.ignore}
        right = [values <= usual for values in masks]
        called = sum(known.files.fullmatch(stem) is not None for stem in stems)
        if sum(right) >= MOST * len(right) and called >= MOST * len(stems):
            return known
    return None
