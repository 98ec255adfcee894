"""Open a data set: our own folder layout, or folders of pictures and masks that are split by a seed."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, DataError
from .description import FILE_NAME, read_description
from .discover import Discovery, discover, match
from .image import IMAGE_SUFFIXES
from .pairs import Pair, SegmentationData
from .scan import Progress

__all__ = ["Listing", "Pair", "SegmentationData", "find_classes", "list_pairs", "open_data", "split_by_name"]

SPLITS = ("train", "val", "test")

_LOOKED_FOR = "looked for {train,val,test}/{images,masks}/NAME.* and for {images,masks}/NAME.*"
_PEEKED = 8


def open_data(
    root: str | Path, *, seed: int = 0, val_fraction: float = 0.2, progress: Progress | None = None
) -> SegmentationData:
    """Open a data set and find out which classes its masks hold.

    `ROOT/{train,val,test}/{images,masks}/NAME.*` is read as it is; `ROOT/{images,masks}/NAME.*` is split into
    train and val. Pictures may lie in folders below `images`, masks then in the same folders below `masks`.
    With a `ROOT/dataset.yaml` only a few masks are read; without one, all of them. Files are not checked
    here: `check_data` does that.

    Args:
        root: Folder of the data set.
        seed: Decides, with its name, into which split a picture falls.
        val_fraction: Share of the pictures that go to val, where the folder has no splits of its own.
        progress: Told how many masks are read.

    Raises:
        DataError: the folder or its `dataset.yaml` is not usable, or the masks cannot be class masks.
        ConfigError: `val_fraction` is not in 0..1.
    """
    root = Path(root)
    listing = list_pairs(root, seed=seed, val_fraction=val_fraction)
    found = find_classes(root, listing, progress)
    labels, codec = found.description.labels(), found.description.codec(found.by_color)
    notes = listing.notes + found.notes
    values = found.description.values
    if not found.by_color and values != tuple(range(len(values))):
        listed = ", ".join([*map(str, values[:12]), *["..."] * (len(values) > 12)])
        notes += (f"values {listed} in the masks are ids 0 to {len(values) - 1} in the model and its masks",)
    return SegmentationData(root, listing.splits, labels, codec, notes, listing.faults, found.records)


def find_classes(
    root: Path, listing: Listing, progress: Progress | None = None, *, whole: bool = False
) -> Discovery:
    """Read the classes of a data set from its `dataset.yaml`, or find them in its masks.

    Args:
        root: Folder of the data set.
        listing: Its files.
        progress: Told how many masks are read.
        whole: Read all masks even where a description says what they hold.

    Raises:
        DataError: the description is not usable, or the masks do not hold what can be classes.
    """
    pairs = [pair for split in listing.splits.values() for pair in split]
    masks = [pair.mask for pair in pairs]
    path = root / FILE_NAME
    if path.exists():
        description = read_description(path)
        few = masks[:: max(1, len(masks) // _PEEKED)][:_PEEKED]
        found = match(description, masks if whole else few, progress)
    else:
        path = root
        try:
            found = discover([pair.name for pair in pairs], masks, progress)
        except DataError as error:
            raise DataError(f"{root}: {error}") from error
    try:
        found.description.codec(found.by_color)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return found


@dataclass(frozen=True)
class Listing:
    """The files of a data set, not opened yet.

    Attributes:
        splits: Pairs by split.
        faults: What is wrong with the files of each split, a line each.
        notes: What was assumed.
    """

    splits: Mapping[str, tuple[Pair, ...]]
    faults: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def list_pairs(root: Path, *, seed: int = 0, val_fraction: float = 0.2) -> Listing:
    """Find the pictures and masks of a data set and its splits.

    Raises:
        DataError: there is no such folder, or nothing of the layout in it, or no picture has a mask.
        ConfigError: `val_fraction` is not in 0..1.
    """
    if not 0 <= val_fraction < 1:
        raise ConfigError(f"val_fraction is {val_fraction}, expected at least 0 and less than 1")
    if not root.is_dir():
        what = "is a file, expected a folder" if root.exists() else "no such folder"
        raise DataError(f"{root}: {what} with a data set; {_LOOKED_FOR}")
    notes: list[str] = []
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, tuple[str, ...]] = {}
    for name in SPLITS:
        folder = root / name
        if name == "test" and folder.is_dir() and not (folder / "masks").is_dir():
            notes.append(f"{folder} has no folder masks and is left out")
        elif folder.is_dir():
            splits[name], faults[name] = _match(folder)
    if not splits and (root / "images").is_dir():
        pairs, both = _match(root)
        splits = split_by_name(pairs, seed, val_fraction)
        faults = dict.fromkeys(splits, both)
        counts = " and ".join(f"{len(pairs)} {name}" for name, pairs in splits.items())
        notes.append(f"split by name with seed {seed}: {counts}")
    notes += [
        f"{name}: {len(lines)} files without a partner, or with the name of another, are left out"
        for name, lines in faults.items()
        if lines
    ]
    if not splits:
        raise DataError(f"{root}: no data set found; {_LOOKED_FOR}; found {_content(root)}")
    return Listing(splits, faults, tuple(notes))


def _content(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:8] + ["..."] * (len(names) > 8)) or "nothing"


def _match(folder: Path) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Return the pairs in `folder`/{images,masks}, and what is wrong with the other files there.

    Raises:
        DataError: not one picture has a mask.
    """
    for kind in ("images", "masks"):
        if not (folder / kind).is_dir():
            raise DataError(f"{folder}: has no folder {kind}; {_LOOKED_FOR}; found {_content(folder)}")
    images, faults = _by_name(folder / "images", "pictures")
    masks, mask_faults = _by_name(folder / "masks", "masks")
    faults += mask_faults
    pairs = [Pair(name, images[name], masks[name]) for name in sorted(images.keys() & masks.keys())]
    if not pairs:
        found = [
            f"{len(files)} {what}" + (f" such as {next(iter(files.values())).name}" if files else "")
            for files, what in ((images, "pictures"), (masks, "masks"))
        ]
        raise DataError(
            f"{folder}: no picture has a mask; found {' and '.join(found)}; expected equal names, up to the "
            "suffix"
        )
    faults += [
        f"{images[name]}: has no mask; expected {folder / 'masks' / name}.png: add it, or delete the picture"
        for name in sorted(images.keys() - masks.keys())
    ]
    faults += [
        f"{masks[name]}: has no picture; expected {folder / 'images' / name}.*: add it, or delete the mask"
        for name in sorted(masks.keys() - images.keys())
    ]
    return tuple(pairs), tuple(faults)


def _by_name(folder: Path, what: str) -> tuple[dict[str, Path], list[str]]:
    """Return the pictures below a folder by their names, and a line for each that has the name of another."""
    files: dict[str, Path] = {}
    doubled: list[str] = []
    for path in _picture_files(folder):
        name = unicodedata.normalize("NFC", path.relative_to(folder).with_suffix("").as_posix())
        if name in files:
            doubled.append(
                f"{path}: differs from {files[name].name} in its suffix alone, so that two {what} have one "
                "name: rename or delete one of them"
            )
        else:
            files[name] = path
    return files, doubled


def _picture_files(folder: Path) -> list[Path]:
    """Return all pictures (by suffix) below a folder, in order, but no hidden ones.

    Raises:
        DataError: a folder cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in files if not name.startswith("."))
        found += [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(found)


def split_by_name(pairs: tuple[Pair, ...], seed: int, val_fraction: float) -> dict[str, tuple[Pair, ...]]:
    """Put each pair into train or val by a hash of seed and name, so that a new picture moves no other.

    Neither split stays empty where there are two pairs or more: the nearest pair then goes over, the only
    case in which new pictures can move one.
    """
    draws = {pair.name: _draw(seed, pair.name) for pair in pairs}
    limit = val_fraction
    if val_fraction and len(pairs) > 1:
        ordered = sorted(draws.values())
        limit = min(max(limit, ordered[1]), ordered[-1])
    val = tuple(pair for pair in pairs if draws[pair.name] < limit)
    train = tuple(pair for pair in pairs if draws[pair.name] >= limit)
    return {"train": train, "val": val} if val else {"train": train}


def _draw(seed: int, name: str) -> float:
    """Return a number in 0..1 that depends on seed and name alone, on every machine."""
    digest = hashlib.sha256(f"{seed}:{name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
