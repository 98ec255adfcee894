"""What a person decides about a data set: which classes are one, left out or renamed; what pictures hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import DataError
from ..labels import Color, as_color

Overlap = Literal["later", "small-over-large"]
"""Which outline wins where two lie over each other: the later one, or the one that covers fewer pixels."""

Uncovered = Literal["background", "ignore"]
"""What pixels are that no outline covers: a class of their own, or nothing to learn from."""

Member = str | int
"""A class of the source: its name, or its value in the masks."""

MAX_VALUE = 65535
"""Largest value that a mask may hold."""

LEAST_VALUE = -(2**31)
"""Smallest value that can be ignored; GIS tools put void there."""

CHOICES = ("ignore", "format", "merge", "drop", "rename", "overlap", "uncovered", "channels", "depth")
"""Keys of `dataset.yaml` that hold these decisions, for data sets of every format."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "overlap": ("later", "small-over-large"),
    "uncovered": ("background", "ignore"),
}


@dataclass(frozen=True)
class Choices:
    """The part of a `dataset.yaml` that holds for every format; all of it speaks of the source's classes.

    Attributes:
        merge: Classes that become one, by the name that it gets (a new one, or that of a member).
        drop: Classes whose pixels are ignored.
        rename: New name by the source's name.
        ignore: Values in the masks whose pixels are ignored, beside those that the format ignores.
        ignore_colors: The same for colours, in colour masks.
        overlap: Which outline wins; None for the format's own rule.
        uncovered: What pixels outside all outlines are; None for the format's own rule.
        format: Name of the data set's format; None to recognise it by looking.
        channels: Channels of the pictures; None to find out by looking.
        depth: 8 to read pictures of any depth as 8-bit RGB; None to read them as they are.
    """

    merge: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    drop: tuple[Member, ...] = ()
    rename: Mapping[Member, str] = field(default_factory=dict)
    ignore: tuple[int, ...] = ()
    ignore_colors: tuple[Color, ...] = ()
    overlap: Overlap | None = None
    uncovered: Uncovered | None = None
    format: str | None = None
    channels: int | None = None
    depth: int | None = None


def read_choices(content: Mapping[Any, Any]) -> Choices:
    """Return the decisions among the entries of a `dataset.yaml`; all other entries are passed over.

    Raises:
        DataError: one of them is not what it should be.
    """
    merge, rename = ({} if content.get(key) is None else content[key] for key in ("merge", "rename"))
    if not isinstance(merge, dict) or not all(isinstance(name, str) and name.strip() for name in merge):
        raise DataError(f"merge is {merge!r}, expected lines 'NEW NAME: [CLASS, CLASS, ...]'")
    if not isinstance(rename, dict):
        raise DataError(f"rename is {rename!r}, expected lines 'OLD NAME: NEW NAME'")
    for old, new in rename.items():
        if not isinstance(new, str) or not new.strip():
            raise DataError(f"rename: {old!r} becomes {new!r}, expected a name (in quotes if need be)")
    for key, words in _WORDS.items():
        if content.get(key) not in (None, *words):
            raise DataError(f"{key} is {content[key]!r}, expected {' or '.join(words)}")
    channels, depth = content.get("channels"), content.get("depth")
    if channels is not None and (type(channels) is not int or channels < 1):
        raise DataError(f"channels is {channels!r}, expected how many channels the pictures have, such as 4")
    if depth is not None and (type(depth) is not int or depth != 8):
        raise DataError(f"depth is {depth!r}, expected 8, or no such line to read pictures as they are")
    if depth is not None and channels not in (None, 1, 3):
        raise DataError(
            f"channels is {channels}, but depth: {depth} reads pictures as RGB (or grey, with channels: 1): "
            "remove one of the two lines"
        )
    return Choices(
        {name.strip(): _members(f"merge: {name}", members) for name, members in merge.items()},
        _members("drop", content.get("drop")),
        {_member("rename", old): new.strip() for old, new in rename.items()},
        *read_ignored(content.get("ignore")),
        content.get("overlap"),
        content.get("uncovered"),
        None if content.get("format") is None else str(content["format"]),
        channels,
        depth,
    )


def read_ignored(content: Any) -> tuple[tuple[int, ...], tuple[Color, ...]]:
    """Return the ignored values and the ignored colours of a line `ignore`.

    Raises:
        DataError: an entry is no value that a mask may hold.
        ConfigError: an entry is no colour.
    """
    entries = [] if content is None else content if isinstance(content, list) else [content]
    values = [
        read_value(entry, "ignore", LEAST_VALUE) for entry in entries if not isinstance(entry, str | list)
    ]
    colors = [as_color(entry) for entry in entries if isinstance(entry, str | list)]
    return tuple(dict.fromkeys(values)), tuple(dict.fromkeys(colors))


def read_value(value: Any, where: str, least: int = 0) -> int:
    """Return a value of the masks; raises a DataError, which begins with `where`, for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_VALUE:
        raise DataError(f"{where}: found {value!r}, expected a value of the masks, {least} to {MAX_VALUE}")
    return value


def refuse_others(content: Mapping[Any, Any]) -> None:
    """Make sure that the `dataset.yaml` of a format that names its classes itself holds decisions alone.

    Raises:
        DataError: it holds something else.
    """
    unknown = [str(key) for key in content if key not in CHOICES]
    if unknown:
        raise DataError(
            f"found {', '.join(unknown)}; the format of this data set names its classes itself, so that "
            f"{', '.join(CHOICES)} are all that is expected"
        )


def _members(where: str, content: Any) -> tuple[Member, ...]:
    if content is None:
        return ()
    entries = content if isinstance(content, list) else [content]
    return tuple(_member(where, entry) for entry in entries)


def _member(where: str, entry: Any) -> Member:
    if isinstance(entry, bool) or not isinstance(entry, str | int):
        raise DataError(f"{where}: found {entry!r}, expected the name of a class, or its value in the masks")
    return entry.strip() if isinstance(entry, str) else entry
