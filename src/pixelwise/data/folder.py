"""Open a data set of any format: `open_data`. Here too: our own folder layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, DataError, as_path
from ..labels import IGNORE_INDEX
from .description import FILE_NAME, read_content, read_description
from .detect import FOLDER
from .discover import Discovery, discover, match
from .formats.base import Layout
from .listing import Files, by_name, content_of, name_below, other_files
from .masks import MaskCodec
from .memory import Memory
from .pairs import Pair, SegmentationData
from .scan import Progress
from .source import blamed_on, find_source
from .splits import complete, split_by_name, split_folders

__all__ = ["Listing", "Pair", "SegmentationData", "find_classes", "list_pairs", "open_data", "split_by_name"]

_LOOKED_FOR = f"looked for {FOLDER.looked_for}"


def open_data(
    root: str | Path,
    *,
    format: str | None = None,
    seed: int = 0,
    val_fraction: float = 0.2,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> SegmentationData:
    """Open a data set of any format that is recognised, and find out which classes its masks hold.

    Our own layout is `ROOT/{train,val,test}/{images,masks}/NAME.*`, which is read as it is, or
    `ROOT/{images,masks}/NAME.*`, which is split into train and val. Pictures may lie in folders below
    `images`, masks then in the same folders below `masks`. With names in `ROOT/dataset.yaml` only a few masks
    are read, unless these have palettes; without, all of them. The other formats are those of `data.formats`;
    a zip is unpacked to a temporary folder. Files are not checked here: `check_data` does that.

    Args:
        root: Folder or file of the data set.
        format: Name of the format; recognised by looking when None.
        seed: Decides, with its name, into which split a picture falls.
        val_fraction: Share of the pictures that go to val, where the data set has no splits of its own.
        progress: Told how many masks are read.
        memory: What earlier runs found in files; those that have not changed since are not read again.

    Raises:
        DataError: the data set is of no format that is known, or of two, or a file in it is not usable.
        ConfigError: `val_fraction` is not in 0..1, or there is no format of that name.
    """
    root = as_path(root, "a data set")
    if not 0 <= val_fraction < 1:
        raise ConfigError(f"val_fraction is {val_fraction}, expected at least 0 and less than 1")
    source = find_source(root, format=format, seed=seed, val_fraction=val_fraction)
    layout, from_masks = source.layout, isinstance(source.layout, Path)
    if isinstance(layout, Path):
        listing = list_pairs(layout, seed=seed, val_fraction=val_fraction)
        found = find_classes(source.description.parent, listing, progress, memory=memory)
        notes = listing.notes + found.notes
        layout = Layout(listing.splits, found.description, found.by_color, notes, listing.faults)
    description = source.remapped(layout.description)
    with blamed_on(source.blamed):
        labels, codec = description.labels(), description.codec(layout.by_color)
    notes = (*source.notes, *layout.notes, *(_renumbered(codec) if from_masks else ()))
    return SegmentationData(
        root,
        layout.splits,
        labels,
        codec,
        notes,
        layout.faults,
        source.choices.channels,
        source.choices.depth,
    )


def _renumbered(codec: MaskCodec) -> tuple[str, ...]:
    """Return a sentence if the values in masks are not the ids in memory."""
    values = sorted(value for value, id_ in codec.ids.items() if id_ != IGNORE_INDEX)
    if codec.by_color or values == [codec.ids[value] for value in values]:
        return ()
    listed = ", ".join([*map(str, values[:12]), *["..."] * (len(values) > 12)])
    ids = max(codec.ids[value] for value in values)
    return (f"values {listed} in the masks are ids 0 to {ids} in the model and its masks",)


def find_classes(
    root: Path,
    listing: Listing,
    progress: Progress | None = None,
    *,
    whole: bool = False,
    memory: Memory | None = None,
) -> Discovery:
    """Read the classes of a data set from its `dataset.yaml`, or find them in its masks.

    Args:
        root: Folder of the data set.
        listing: Its files.
        progress: Told how many masks are read.
        whole: Read all masks even where a description says what they hold.
        memory: What earlier runs found in the masks.

    Raises:
        DataError: the description is not usable, or the masks do not hold what can be classes.
    """
    pairs = [pair for split in listing.splits.values() for pair in split]
    path = root / FILE_NAME
    with blamed_on(path):
        described = "names" in read_content(path)
    if described:
        description = read_description(path)
        found = match(description, pairs, progress, memory, whole=whole)
    else:
        path = root
        try:
            found = discover(pairs, progress, memory)
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
        DataError: there is nothing of the layout in the folder, no picture has a mask, or two folders stand
            for one split.
    """
    if not root.is_dir():
        what = "is a file, expected a folder" if root.exists() else "no such folder"
        raise DataError(f"{root}: {what} with a data set; {_LOOKED_FOR}")
    notes: list[str] = []
    splits: dict[str, tuple[Pair, ...]] = {}
    faults: dict[str, tuple[str, ...]] = {}
    folders = split_folders(root)
    for name, (folder, *others) in folders.items():
        if others:
            raise DataError(
                f"{root}: the folders {folder.name} and {others[0].name} both stand for {name}: "
                "put their pairs into one, or move one of them elsewhere"
            )
        if name == "test" and not (folder / "masks").is_dir():
            notes.append(f"{folder} has no folder masks and is left out")
        else:
            splits[name], faults[name] = _match(folder)
    if splits:
        notes += [
            f"{place}: left out, though it holds images and masks, since it is called after no split"
            for place in (root, *sorted(root.iterdir()))
            if [place] not in folders.values()
            and all((place / kind).is_dir() for kind in ("images", "masks"))
        ]
    if not splits and (root / "images").is_dir():
        pairs, both = _match(root)
        splits = split_by_name(pairs, seed, val_fraction)
        faults = dict.fromkeys(splits, both)
        counts = " and ".join(f"{len(pairs)} {name}" for name, pairs in splits.items())
        notes.append(f"split by name with seed {seed}: {counts}")
    notes += [
        f"{name}: left out, without a partner or with the name of another: {len(lines)}"
        for name, lines in faults.items()
        if lines
    ]
    whole, note = complete(splits, seed, val_fraction)
    if len(whole) > len(splits):
        notes.append(note)
        splits, faults["val"] = whole, faults["train"]
    if not splits:
        raise DataError(f"{root}: no data set found; {_LOOKED_FOR}; found {content_of(root)}")
    return Listing(splits, faults, tuple(notes))


def _match(folder: Path) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Return the pairs in `folder`/{images,masks}, and what is wrong with the other files there.

    Raises:
        DataError: not one picture has a mask.
    """
    for kind in ("images", "masks"):
        if not (folder / kind).is_dir():
            raise DataError(f"{folder}: has no folder {kind}; {_LOOKED_FOR}; found {content_of(folder)}")
    images, faults = by_name(folder / "images", "pictures")
    masks, mask_faults = by_name(folder / "masks", "masks")
    faults += mask_faults
    pairs = [Pair(name, images[name], masks[name]) for name in sorted(images.keys() & masks.keys())]
    if not pairs:
        found = " and ".join(
            _example(folder / kind, files, what)
            for kind, files, what in (("images", images, "pictures"), ("masks", masks, "masks"))
        )
        raise DataError(
            f"{folder}: no picture has a mask; found {found}; expected equal names in equal folders, up to "
            f"the suffix{_renaming(images, masks)}"
        )
    faults += _without(images, masks, folder / "masks", "mask", ".png", "picture")
    faults += _without(masks, images, folder / "images", "picture", ".*", "mask")
    return tuple(pairs), tuple(faults)


def _example(place: Path, files: Files, what: str) -> str:
    """Return how many files were found below a folder, and one of them, or one of a kind that is not read."""
    if files:
        return f"{len(files)} {what} such as {next(iter(files.values())).relative_to(place)}"
    other = next(iter(other_files(place)), None)
    return f"0 {what}" + (f" but {other.name}, of a kind that is not read: save as PNG" if other else "")


def _renaming(images: Files, masks: Files) -> str:
    """Return the mend where most masks are called like pictures, with the same behind it, such as _mask."""
    found: Counter[str] = Counter()
    for mask in masks:
        cuts = [place for place, letter in enumerate(mask) if letter in "_-" and mask[:place] in images]
        found.update(mask[place:] for place in cuts[-1:])
    more, count = next(iter(found.most_common(1)), ("", 0))
    fits = 2 * count > len(masks) and not any(letter.isdigit() for letter in more)
    return f": rename the masks without '{more}'" if fits else ""


def _without(files: Files, others: Files, place: Path, what: str, ending: str, of: str) -> Iterator[str]:
    """Yield a line for each file without a partner, which is looked for in the folder `place`."""
    alone = sorted(files.keys() - others.keys())
    unread = {name_below(place, path): path.name for path in other_files(place)} if alone else {}
    for name in alone:
        wanted = f"expected {place / name}{ending}: add it, or delete the {of}"
        found = f"found {unread[name]}, of a kind that is not read, " if name in unread else ""
        yield f"{files[name]}: has no {what}; {found}{wanted}"
