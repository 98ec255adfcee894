"""Read a whole data set once, in parallel."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..data.choices import Choices
from ..data.detect import FOLDER
from ..data.folder import list_pairs
from ..data.masks import MaskCodec
from ..data.memory import Memory
from ..data.pairs import Pair
from ..data.scan import MaskRecord, Progress, in_parallel
from ..data.source import blamed_on, find_source
from ..data.stored import Stored
from ..errors import ImageError
from ..labels import Labels
from .cache import remembering
from .meaning import Meaning, meaning_of
from .record import Entry, MaskFacts, PairRecord, PictureFacts, look_at


class Entries(Collection[Entry]):
    """Every pair of a data set with its record; the records lie in a file.

    Attributes:
        pairs: The pairs by split.
    """

    def __init__(self, pairs: Mapping[str, tuple[Pair, ...]], records: Iterable[PairRecord]) -> None:
        """Put the records, which come in the order of the pairs, in a file."""
        self.pairs = pairs
        self._records = Stored(records)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Entry]:
        places = ((split, pair) for split, pairs in self.pairs.items() for pair in pairs)
        for (split, pair), record in zip(places, self._records, strict=True):
            yield Entry(split, pair, record)

    def __contains__(self, entry: object) -> bool:
        return any(entry == ours for ours in self)


@dataclass(frozen=True)
class Survey:
    """All that is known of a data set.

    Attributes:
        root: Its folder or file.
        format: Name of its format; "folder" is our own.
        entries: Every pair with its record.
        faults: Lines on files that have no partner, or the name of another.
        meaning: The classes.
        notes: What was assumed.
        labels: Names and colours of the classes.
        codec: How values in masks become class ids.
        choices: What its description decides.
    """

    root: Path
    format: str
    entries: Entries = field(repr=False)
    faults: tuple[str, ...]
    meaning: Meaning
    notes: tuple[str, ...]
    labels: Labels
    codec: MaskCodec
    choices: Choices

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in order."""
        return tuple(name for name, pairs in self.entries.pairs.items() if pairs)

    @property
    def once(self) -> str:
        """What must be done before `--fix` can write a mended copy; "" where nothing."""
        if self.format != FOLDER.name:
            command = f"pixelwise convert {shlex.quote(str(self.root))} FOLDER --format {self.format}"
            return f"`{command}` has written it as folders"
        return "" if self.root.is_dir() else "it is unpacked"

    @property
    def mends_values(self) -> str:
        """What to do about values in masks that `dataset.yaml` cannot name."""
        return "" if self.takes_names else "correct the masks, or what names the classes of this data set"

    @property
    def takes_names(self) -> bool:
        """Whether its `dataset.yaml` may name values; most formats name their classes themselves."""
        return self.format == FOLDER.name

    def masks(self) -> Iterator[tuple[Entry, MaskFacts]]:
        """Yield the pairs whose mask could be read."""
        for entry in self.entries:
            if isinstance(entry.record.mask, MaskFacts):
                yield entry, entry.record.mask

    def pictures(self) -> Iterator[tuple[Entry, PictureFacts]]:
        """Yield the pairs whose picture could be read."""
        for entry in self.entries:
            if isinstance(entry.record.picture, PictureFacts):
                yield entry, entry.record.picture

    def values(self, record: MaskRecord) -> dict[int, int]:
        """Return the pixels of each value of a mask: its ids as colours, or its greys as ids, where need be.

        Raises:
            ImageError: the mask is of the other kind.
        """
        found = np.array(list(record.counts), np.int64)
        values = self.codec.recode(found, record.by_color, record.palette)
        counts: dict[int, int] = defaultdict(int)
        for value, pixels in zip(values.tolist(), record.counts.values(), strict=True):
            counts[value] += pixels
        return dict(counts)

    def by_class(self, record: MaskRecord) -> dict[int, int]:
        """Return a mask's pixels by class id, 255 for ignored ones; values of no class are left out."""
        ids: dict[int, int] = defaultdict(int)
        try:
            for value, pixels in self.values(record).items():
                if value in self.codec.ids:
                    ids[self.codec.ids[value]] += pixels
        except ImageError:
            return {}
        return dict(ids)


def survey(
    root: str | Path,
    *,
    format: str | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Survey:
    """Read every picture and every mask of a data set once.

    Args:
        root: Folder or file of the data set, of any format that training takes.
        format: Name of the format; recognised by looking when None.
        progress: Told how many pairs are done.
        memory: What is known from earlier; pairs whose files have not changed since are not read again.

    Raises:
        DataError: there is no data set, or its `dataset.yaml` is not usable.
        ConfigError: there is no format of that name.
    """
    root = Path(root)
    source = find_source(root, format=format)
    layout = source.layout
    if isinstance(layout, Path):
        listing = list_pairs(layout)
        entries = _read(listing.splits, progress, memory)
        notes, faults = listing.notes, listing.faults
        meaning = meaning_of(source.description, source.choices, entries)
    else:
        meaning = Meaning(source.remapped(layout.description), layout.description, layout.by_color)
        notes, faults = layout.notes, layout.faults
        entries = _read(layout.splits, progress, memory)
    with blamed_on(source.blamed):
        labels, codec = meaning.description.labels(), meaning.description.codec(meaning.by_color)
    return Survey(
        root,
        source.format,
        entries,
        tuple(dict.fromkeys(line for found in faults.values() for line in found)),
        meaning,
        (*source.notes, *notes, *meaning.notes),
        labels,
        codec,
        source.choices,
    )


def _read(
    splits: Mapping[str, tuple[Pair, ...]], progress: Progress | None, memory: Memory | None
) -> Entries:
    look = look_at if memory is None else remembering(memory, look_at)
    pairs = [pair for split in splits.values() for pair in split]
    return Entries(splits, in_parallel(look, pairs, progress))
