"""A sequence that lies in a temporary file, so that memory does not grow with it."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

_BLOCK = 128  # items that are read at once

_Item = TypeVar("_Item")


class Stored(Generic[_Item]):
    """Items of any kind that can be pickled, to be gone through in order and as often as one likes."""

    def __init__(self, items: Iterable[_Item]) -> None:
        """Write the items away as they come."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed in the next line
        weakref.finalize(self, self._file.close)
        self._starts = array("Q")
        self._number = 0
        todo = iter(items)
        while block := list(islice(todo, _BLOCK)):
            self._starts.append(self._file.tell())
            self._number += len(block)
            pickle.dump(block, self._file, pickle.HIGHEST_PROTOCOL)

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[_Item]:
        for start in self._starts:
            self._file.seek(start)
            yield from pickle.load(self._file)


class Again(Generic[_Item]):
    """What a function yields, as often as one likes."""

    def __init__(self, begin: Callable[[], Iterator[_Item]]) -> None:
        """Take the function."""
        self._begin = begin

    def __iter__(self) -> Iterator[_Item]:
        return self._begin()
