"""Read many files at once: what each mask holds, in a record that is short."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..cores import count_cores
from ..errors import ImageError
from .masks import GREY_STEP, Mask, MaskValues, is_grey, read_mask_values
from .memory import Kind, Memory

Progress = Callable[[int, int], None]
"""Called with how many files are done, and how many there are."""

MAX_VALUES = 300
"""Different values that a record keeps; a colour mask with soft edges has many thousand."""

_AHEAD = 8  # files a thread that are begun before their turn; more would fill memory with results

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class MaskRecord(NamedTuple):
    """What one mask file holds, in short.

    Attributes:
        size: Height and width, upright.
        counts: Pixels of each value (an id, or a colour 0xRRGGBB), the most frequent `MAX_VALUES` of them.
        rest: Pixels of the values that were left out.
        by_color: Whether the values are colours.
        palette: Colour (0xRRGGBB) of each id that occurs, where the file brings a palette.
        lossy: Whether the file's format does not keep values exactly (JPEG).
    """

    size: tuple[int, int]
    counts: dict[int, int]
    rest: int = 0
    by_color: bool = False
    palette: Mapping[int, int] = {}
    lossy: bool = False

    @property
    def grey(self) -> bool:
        """Whether all colours are grey, so that they may as well be ids."""
        return is_grey(np.array(list(self.counts), np.int64))

    def of_kind(self, by_color: bool) -> dict[int, int]:
        """Return the pixels of each value as ids, or as colours."""
        if self.by_color == by_color:
            return self.counts
        counts: dict[int, int] = {}
        for value, pixels in self.counts.items():
            other = self.palette.get(value, min(value, 255) * GREY_STEP) if by_color else value & 255
            counts[other] = counts.get(other, 0) + pixels
        return counts


def scan_mask(mask: Mask) -> MaskRecord | ImageError:
    """Read a mask and return what it holds, or the error if it cannot be read."""
    try:
        return summarize(read_mask_values(mask))
    except ImageError as error:
        return error


def summarize(found: MaskValues) -> MaskRecord:
    """Return the record of a mask."""
    values = found.values
    distinct, pixels = count_values(values)
    if distinct.size > MAX_VALUES:
        kept = np.argsort(-pixels, kind="stable")[:MAX_VALUES]
        distinct, pixels = distinct[kept], pixels[kept]
    counts = dict(zip(distinct.tolist(), pixels.tolist(), strict=True))
    palette = found.palette
    return MaskRecord(
        size=(values.shape[0], values.shape[1]),
        counts=counts,
        rest=values.size - sum(counts.values()),
        by_color=found.by_color,
        palette={value: palette[value] for value in counts if value in palette},
        lossy=found.lossy,
    )


def count_values(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the different values in an array, in order, and how often each occurs."""
    if values.dtype == np.uint8:
        histogram = np.bincount(values.ravel(), minlength=256)
        distinct = np.flatnonzero(histogram)
        return distinct, histogram[distinct]
    return np.unique(values, return_counts=True)


def mask_to_plain(record: MaskRecord | ImageError) -> list[Any] | None:
    """Return what JSON holds of a record; nothing of an error."""
    if isinstance(record, ImageError):
        return None
    lists = list(record.counts), list(record.counts.values()), list(record.palette.items())
    return [record.size, *lists, record.rest, record.by_color, record.lossy]


def mask_from_plain(plain: list[Any]) -> MaskRecord:
    """Return the record that `mask_to_plain` was given."""
    size, values, pixels, palette, rest, by_color, lossy = plain
    counts = dict(zip(values, pixels, strict=True))
    return MaskRecord((size[0], size[1]), counts, rest, by_color, dict(palette), lossy)


def _files(mask: Mask) -> tuple[Path, ...]:
    return (mask,) if isinstance(mask, Path) else ()


MASK: Kind[Mask, MaskRecord | ImageError] = Kind("mask", _files, mask_to_plain, mask_from_plain)
"""What a mask file holds, as `Memory` keeps it."""


def scanner(memory: Memory | None) -> Callable[[Mask], MaskRecord | ImageError]:
    """Return `scan_mask`, for masks that are not known from an earlier run."""
    return memory.remembering(MASK, scan_mask) if memory else scan_mask


def in_parallel(
    function: Callable[[_Item], _Result], items: Collection[_Item], progress: Progress | None = None
) -> Iterator[_Result]:
    """Yield `function` of each item, in order, computed in threads; few results wait at a time.

    Threads and not processes: Pillow decodes without holding the interpreter's lock, and threads start at
    once and need no pickling.
    """
    cores = count_cores()
    executor = ThreadPoolExecutor(cores)
    try:
        todo = iter(items)
        waiting: deque[Future[_Result]] = deque(
            executor.submit(function, item) for item in islice(todo, _AHEAD * cores)
        )
        for done in range(1, len(items) + 1):
            result = waiting.popleft().result()
            waiting.extend(executor.submit(function, item) for item in islice(todo, 1))
            if progress is not None:
                progress(done, len(items))
            yield result
    finally:  # also when the reader stops early or the user presses Ctrl-C
        executor.shutdown(cancel_futures=True)


def total(counts: Iterable[Mapping[int, int]]) -> dict[int, tuple[int, int]]:
    """Return how many pixels, and how many masks, hold each value, in ascending order of values.

    Args:
        counts: Pixels of each value in each mask.
    """
    sums: dict[int, tuple[int, int]] = {}
    for counted in counts:
        for value, count in counted.items():
            pixels, masks = sums.get(value, (0, 0))
            sums[value] = (pixels + count, masks + 1)
    return dict(sorted(sums.items()))
