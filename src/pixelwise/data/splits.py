"""Which split a picture belongs to: by its name and a seed, or by the folder that it lies in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .pairs import Pair, with_distinct_names

SPLITS = ("train", "val", "test")

_CALLED = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


def split_called(word: str) -> str | None:
    """Return the split that people mean by a word such as "valid" or "Training"; None if it means none."""
    return _CALLED.get(word.lower())


def split_of(path: Path, root: Path) -> str:
    """Return the split by a file's name (instances_train2017.json) or its folder in DATA (valid/x.json).

    Args:
        path: The file.
        root: DATA, whose own name tells nothing, or the file itself.

    Returns:
        "" where neither tells one.
    """
    words = path.stem.replace("-", "_").replace(".", "_").split("_")
    for word in (*words, *path.relative_to(root).parent.parts):
        if split := split_called(word.rstrip("0123456789")):
            return split
    return ""


def in_split(split: str, name: str) -> str:
    """Return a pair's name below the split that it tells, which may be ""."""
    return f"{split}/{name}" if split else name


def split_folders(root: Path) -> dict[str, list[Path]]:
    """Return the folders of our own layout by the split that each is called after: "val", "Validation", ...

    Other names than train, val and test count where the folder holds images or masks.
    """
    found: dict[str, list[Path]] = {name: [] for name in SPLITS}
    for folder in root.iterdir() if root.is_dir() else ():
        split = split_called(folder.name)
        kinds = ("", "images", "masks") if folder.name == split else ("images", "masks")
        if split and any((folder / kind).is_dir() for kind in kinds):
            found[split].append(folder)
    return {name: sorted(folders) for name, folders in found.items() if folders}


def split_pairs(
    pairs: tuple[Pair, ...], seed: int, val_fraction: float
) -> tuple[dict[str, tuple[Pair, ...]], str]:
    """Put pairs into splits by the first folder in their names if all have one such as train, else by name.

    Where some tell train and others val or test, pairs that tell none are left out: they may be those of val
    again. Where val or test alone is told, they are train.

    Returns:
        The splits, with names that differ, and a sentence that says how they came about.
    """
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(split_called(pair.name.split("/")[0]) or "", []).append(pair)
    others, rest = found.pop("", []), ""
    if others and found and "train" not in found:
        elsewhere = {pair.image for told in found.values() for pair in told}
        found["train"] = [pair for pair in others if pair.image not in elsewhere]
        others, rest = [], f"; {len(found['train'])} pairs that tell no split are train"
    if "train" not in found or (others and len(found) == 1):  # `train` may be what is in the pictures
        splits = split_by_name(with_distinct_names(pairs), seed, val_fraction)
        return splits, f"split by name with seed {seed}: {counted(splits)}"
    if others:
        rest = f"; {len(others)} pairs such as {others[0].name} are in no split and left out"
    splits, note = complete(
        {name: tuple(found[name]) for name in SPLITS if name in found}, seed, val_fraction
    )
    return splits, note + rest


def complete(
    splits: Mapping[str, tuple[Pair, ...]], seed: int, val_fraction: float
) -> tuple[dict[str, tuple[Pair, ...]], str]:
    """Return splits that have a val, taken out of train by name where the data set brings none.

    Returns:
        The splits, with names that differ, and a sentence that says how they came about.
    """
    splits = {name: with_distinct_names(pairs) for name, pairs in splits.items() if pairs}
    if "val" in splits or len(splits.get("train", ())) < 2:
        return splits, f"the splits are those of the data set: {counted(splits)}"
    splits |= split_by_name(splits["train"], seed, val_fraction)
    ordered = {name: splits[name] for name in SPLITS if name in splits}
    return ordered, f"no val split: it is taken out of train by name with seed {seed}: {counted(ordered)}"


def counted(splits: Mapping[str, tuple[Pair, ...]]) -> str:
    """Return how many pairs each split has, in words."""
    return " and ".join(f"{len(pairs)} {name}" for name, pairs in splits.items())


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
