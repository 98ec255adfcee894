"""A data set in memory: which picture belongs to which mask, and what the masks mean."""

from __future__ import annotations

import os
import pickle
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ConfigError, DataError
from ..labels import Labels
from .listing import fold, name_below, unfold
from .masks import Mask, MaskCodec, MaskSource


@dataclass(frozen=True, slots=True, init=False)
class Pair:
    """A picture and its mask, kept as hardly more than a name: a data set may have a million of them.

    Attributes:
        name: Path of the picture below its `images` folder without suffix, with "/" between folders; unique
            within a split (see `with_distinct_names`).
    """

    name: str
    _image: str
    _mask: str | bytes

    def __init__(self, name: str, image: Path, mask: Mask) -> None:
        """Pair a picture's file with its mask's file, or with what the mask is made from."""
        packed = fold(name, mask) if isinstance(mask, Path) else zlib.compress(pickle.dumps(mask))
        for field_, value in (("name", name), ("_image", fold(name, image)), ("_mask", packed)):
            object.__setattr__(self, field_, value)

    @property
    def image(self) -> Path:
        """File of the picture."""
        return unfold(self.name, self._image)

    @property
    def mask(self) -> Mask:
        """File of the mask, or what it is made from."""
        if isinstance(self._mask, str):
            return unfold(self.name, self._mask)
        source: MaskSource = pickle.loads(zlib.decompress(self._mask))
        return source


def with_distinct_names(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    """Return the pairs of a split under names that differ, in the order of their names.

    Pairs that share a name, and no others, are called by the paths of their pictures below the folder that
    all pictures are in; without suffix where that tells them apart, else with it.
    """
    if len({pair.name for pair in pairs}) == len(pairs):
        return pairs
    shared = Path(os.path.commonpath([_place(pair.image).parent for pair in pairs]))
    for with_suffix in (False, True):
        counts = Counter(pair.name for pair in pairs)
        pairs = tuple(
            _called_by_path(pair, shared, with_suffix) if counts[pair.name] > 1 else pair for pair in pairs
        )
    return tuple(sorted(pairs, key=lambda pair: pair.name))


def _place(path: Path) -> Path:
    """Return the whole path of a file, without drive and ".."."""
    path = Path(os.path.normpath(path.absolute()))
    return path.relative_to(path.anchor)


def _called_by_path(pair: Pair, shared: Path, with_suffix: bool) -> Pair:
    """Return a pair under the path of its picture below the folder `shared`."""
    name = name_below(shared, _place(pair.image))
    return Pair(name + pair.image.suffix if with_suffix else name, pair.image, pair.mask)


def refuse_doubled(root: Path, splits: Mapping[str, tuple[Pair, ...]]) -> None:
    """Make sure that no two pairs of a split share a name.

    Raises:
        DataError: two do; formats see to names that differ, so one picture has two masks.
    """
    for split, pairs in splits.items():
        known: dict[str, Pair] = {}
        for pair in pairs:
            other = known.setdefault(pair.name, pair)
            if other is not pair:
                raise DataError(
                    f"{root}: {split} has two pairs called '{pair.name}', {other.image} with {other.mask}, "
                    f"and {pair.image} with {pair.mask}; expected one mask for each picture, and one picture "
                    "for each name: take one of them out"
                )


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
        channels: Channels of the pictures that its description asks for; None where it does not.
        depth: 8 where it asks for 8-bit RGB, whatever the pictures hold; None where it does not.
    """

    root: Path
    splits: Mapping[str, tuple[Pair, ...]]
    labels: Labels
    codec: MaskCodec
    notes: tuple[str, ...] = ()
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: int | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        """Make sure that no two pairs of a split share a name, and that none leads astray: files get them.

        Raises:
            DataError: two do; formats see to names that differ, so one picture has two masks. Or a name leads
                out of a folder; formats see to that, too.
        """
        for pairs in self.splits.values():
            for pair in pairs:
                if pair.name.startswith("/") or ".." in pair.name.split("/"):
                    raise DataError(f"{pair.image}: is called '{pair.name}', which leads out of a folder")
        refuse_doubled(self.root, self.splits)

    def split(self, name: str) -> tuple[Pair, ...]:
        """Return the pairs of one split.

        Raises:
            DataError: there is no split of that name; the ones that exist are named.
        """
        if name not in self.splits:
            found = f"has no split '{name}', only {', '.join(self.splits)}"
            raise DataError(f"{self.root}: {found}{self._advice(name)}{self.left_out()}")
        return self.splits[name]

    def left_out(self) -> str:
        """Return the end of a message that names the first file that is in no split, if there is one."""
        faults = [line for lines in self.faults.values() for line in lines]
        return f"; the first of what is left out: {faults[0]}" if faults else ""

    def numbered_as(self, class_names: tuple[str, ...]) -> SegmentationData:
        """Return the same data set with id i for the class that id i is to a model, found by its name.

        Raises:
            ConfigError: it has other classes than the model.
        """
        names = self.labels.class_names
        if names == class_names:
            return self
        surplus = [name for name in names if name not in class_names]
        missing = [name for name in class_names if name not in names]
        if surplus or missing:
            raise ConfigError(
                f"{self.root}: its {len(names)} classes are not the {len(class_names)} of the model: "
                f"{self._unlike(surplus, missing)}"
            )
        old = [names.index(name) for name in class_names]
        new = {id_: place for place, id_ in enumerate(old)}
        palette = tuple(self.labels.palette[id_] for id_ in old)
        return replace(
            self,
            labels=replace(self.labels, class_names=class_names, palette=palette),
            codec=replace(
                self.codec, ids={value: new.get(id_, id_) for value, id_ in self.codec.ids.items()}
            ),
            notes=(*self.notes, "the classes are told by their names: their order is not the model's"),
        )

    def _unlike(self, surplus: list[str], missing: list[str]) -> str:
        """Return which classes the data has and the model has not, and the other way round, and the mend."""
        found = {"only the data has": surplus, "only the model has": missing}
        told = ", ".join(f"{who} {_shortened(names)}" for who, names in found.items() if names)
        path = self.root / "dataset.yaml"
        if surplus and missing:
            mend = f"rename, merge or drop classes in {path} until they are the model's"
        elif surplus:
            mend = (
                f"drop: [{_shortened(surplus)}]  in {path} has them ignored, merge makes them part of another"
            )
        else:
            mend = f"name the classes in {path} as the model does"
        return f"{told}: {mend}, or take another model"

    def _advice(self, split: str) -> str:
        """Return how to get a split that is missing."""
        if split == "val" and len(self.splits.get("train", ())) < 2:
            return "; two pairs or more are needed, so that one of them can be kept for validation"
        if split == "val":
            return f"; give val_fraction more than 0 to have it taken out of train, or make {self.root}/val"
        if split == "train":
            return (
                f"; make {self.root}/train/{{images,masks}}, or put all pairs into {self.root}/"
                "{images,masks} to have them split into train and val; in other formats, rename what is "
                f"called {' or '.join(self.splits)} if it is meant for training"
            )
        return f"; make {self.root}/test/{{images,masks}}" if split == "test" else ""


def _shortened(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def other_size(pair: Pair, image: tuple[int, int], mask: tuple[int, int]) -> str:
    """Say that a mask is not of its picture's size (height, width), and how to mend it."""
    mend = "scale the mask to the picture's size without mixing values (nearest neighbour)"
    if image == mask[::-1]:
        mend = (
            "one of them lacks the rotation that cameras store (EXIF): turn the mask as the picture is, as "
            "`pixelwise check --fix` does where it can tell"
        )
    return (
        f"{pair.mask}: is {mask[1]} x {mask[0]} pixels, but its picture {pair.image} is "
        f"{image[1]} x {image[0]}: {mend}"
    )
