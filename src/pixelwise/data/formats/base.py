"""What every format answers: whether a folder is laid out as it says, and what lies there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..choices import Choices
from ..description import Description
from ..pairs import Pair
from ..splits import complete, split_pairs


@dataclass(frozen=True)
class Request:
    """What a user asks of a data set.

    Attributes:
        root: Folder or file of the data set.
        seed: Decides, with its name, into which split a picture falls where the data set has none.
        val_fraction: Share of the pictures that go to val then.
        choices: What its `dataset.yaml` says.
    """

    root: Path
    seed: int = 0
    val_fraction: float = 0.2
    choices: Choices = field(default_factory=Choices)

    def split(self, pairs: tuple[Pair, ...]) -> tuple[dict[str, tuple[Pair, ...]], str]:
        """Return pairs in splits, by folder or by name, and a sentence about it (see `split_pairs`)."""
        return split_pairs(pairs, self.seed, self.val_fraction)

    def complete(self, splits: Mapping[str, tuple[Pair, ...]]) -> tuple[dict[str, tuple[Pair, ...]], str]:
        """Return splits that have a val, and a sentence about it (see `splits.complete`)."""
        return complete(splits, self.seed, self.val_fraction)


@dataclass(frozen=True)
class Layout:
    """What a format found.

    Attributes:
        splits: Pairs by split.
        description: What the values in the masks mean.
        by_color: Whether the masks are colour pictures.
        notes: What was assumed, a sentence each.
        faults: What is wrong with the files of a split and shows without opening them, a line each.
        choices: What the format's own file asks for, in place of `dataset.yaml`.
    """

    splits: Mapping[str, tuple[Pair, ...]]
    description: Description
    by_color: bool = False
    notes: tuple[str, ...] = ()
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    choices: Choices | None = None


@dataclass(frozen=True)
class Format:
    """A layout of data sets.

    Attributes:
        name: What `--format` calls it.
        looked_for: The files that it is recognised by, for messages.
        looks_like: Tells from names of files, and the heads of few, whether a folder or file is of this kind.
        open: Finds the pairs and classes; raises DataError where a file is not what it should be. Where it
            returns a folder, that holds the data set in our own layout.
    """

    name: str
    looked_for: str
    looks_like: Callable[[Path], bool]
    open: Callable[[Request], Layout | Path]
