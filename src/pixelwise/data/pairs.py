"""A data set in memory: which picture belongs to which mask, and what the masks mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError
from ..labels import Labels
from .masks import Mask, MaskCodec
from .scan import MaskRecord


@dataclass(frozen=True)
class Pair:
    """A picture and its mask.

    Attributes:
        name: Path of the picture below its `images` folder without suffix, with "/" between folders; unique
            within a split.
        image: File of the picture.
        mask: File of the mask, or what it is made from.
    """

    name: str
    image: Path
    mask: Mask


@dataclass(frozen=True)
class SegmentationData:
    """The pairs of a data set, by split, and what the values in its masks mean.

    Attributes:
        root: Folder (or file) of the data set.
        splits: Pairs of each split that exists, in the order of their names.
        labels: Class names and colours.
        codec: How values in the mask files become class ids.
        notes: What was assumed about the data set, a sentence each, for people.
        faults: What is wrong with the files of a split and shows without opening them, a line each:
            `check_data` reports them, and `splits` lacks these files.
        records: What is known of masks that were read whole to find the classes; spares `check_data` a pass.
        channels: Channels of the pictures that its description asks for; None where it does not.
        depth: 8 where it asks for 8-bit RGB, whatever the pictures hold; None where it does not.
    """

    root: Path
    splits: Mapping[str, tuple[Pair, ...]]
    labels: Labels
    codec: MaskCodec
    notes: tuple[str, ...] = ()
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    records: Mapping[Mask, MaskRecord] = field(default_factory=dict, repr=False, compare=False)
    channels: int | None = None
    depth: int | None = None

    def split(self, name: str) -> tuple[Pair, ...]:
        """Return the pairs of one split.

        Raises:
            DataError: there is no split of that name; the ones that exist are named.
        """
        if name not in self.splits:
            raise DataError(
                f"{self.root}: has no split '{name}', only {', '.join(self.splits)}; make {self.root / name}/"
                "{images,masks}, or put all pairs into "
                f"{self.root}/{{images,masks}} to have them split into train and val"
            )
        return self.splits[name]
