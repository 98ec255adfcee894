"""The table of how much of each picture each class covers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..labels import Labels
from ..writing import replacing_table
from .lock import alone

HEADER = ["picture", "class", "pixels", "share"]


def check_areas(path: Path) -> None:
    """Make sure that a table can be added to, if there is one.

    Raises:
        DataError: the file is none of ours.
    """
    if path.exists():
        try:
            first = next(_rows(path), [])
        except (OSError, csv.Error):
            first = []
        if first != HEADER:
            raise DataError(
                f"{path}: is no table of areas, and is left alone: move it, or take another --out"
            )


def write_areas(path: Path, counts: Mapping[str, NDArray[np.int64]], labels: Labels) -> None:
    """Write a row for every class of every picture, zeros included.

    Rows of other pictures that the table holds already stay, and those of these pictures are replaced; one
    that was cut off goes. Several processes may add to a table: each waits for its turn.

    Args:
        path: The CSV file.
        counts: Pixels (num_classes,) of each class, by the name of the picture.
        labels: Names of the classes.

    Raises:
        DataError: the file is none of ours, or cannot be written.
    """
    with alone(path), replacing_table(path) as table:
        check_areas(path)
        earlier = islice(_rows(path), 1, None) if path.exists() else ()
        table.writerow(HEADER)
        table.writerows(row for row in earlier if len(row) == len(HEADER) and row[0] not in counts)
        for picture, pixels in counts.items():
            for name, number in zip(labels.class_names, pixels.tolist(), strict=True):
                table.writerow([picture, name, number, f"{number / pixels.sum():.6f}"])


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a table, one in memory at a time: there may be millions."""
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        yield from filter(None, csv.reader(file))
