"""Read the text files of data sets: JSON, XML and lists; whatever is wrong in them ends as one clear line."""

from __future__ import annotations

import codecs
import json
import mmap
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..image import MAX_PIXELS
from ..listing import parts_in

Points = NDArray[np.float64]
"""Corners of an outline (N, 2): x to the right and y down, in pixels from the picture's top left corner."""

_FARTHEST = 1e6
_ARRAYS: dict[str, Callable[[Any], Any]] = {"points": partial(np.asarray, dtype=np.float64), "rle": bytes}


@contextmanager
def reading(path: Path | str, what: str) -> Iterator[None]:
    """Turn whatever goes wrong in the block with the content of `path` into a DataError that names it.

    Args:
        path: The file, or a place in it.
        what: What it should be, such as "COCO annotations".
    """
    try:
        yield
    except DataError as error:
        text = str(error)
        raise error if text.startswith(str(path)) else DataError(f"{path}: {text}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text, expected {what}") from error
    except KeyError as error:
        raise DataError(f"{path}: an entry lacks {error}, expected {what}") from error
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: is damaged, or not {what} ({reason})") from error
    except ElementTree.ParseError as error:
        raise DataError(f"{path}: is not valid XML ({error}), expected {what}") from error


@contextmanager
def collecting(faults: list[str], place: Path | str, what: str) -> Iterator[None]:
    """Make what goes wrong in the block, with the annotations of one picture, a fault: all are told at once.

    Args:
        faults: Gets a line if something does.
        place: The file, and what in it, for messages.
        what: What it should be.
    """
    try:
        with reading(place, what):
            yield
    except DataError as error:
        faults.append(str(error))


def none_left(faults: Sequence[str]) -> DataError:
    """Return the error where faults spoil all pictures: the first fault, and how many there are."""
    more = f" (the first of {len(faults)} faults; no picture is left)" if len(faults) > 1 else ""
    return DataError(faults[0] + more)


def missing(path: Path, name: str, mend: str = "put it into images") -> str:
    """Return the fault of a file that names a picture which is not there."""
    return f"{path}: names the picture {name}, which is missing: {mend}"


def peek(path: Path, number: int = 65536) -> bytes:
    """Return the beginning and the end of a file, which tell its kind; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            begin = file.read(number)
            file.seek(max(number, path.stat().st_size - number))
            return begin.removeprefix(codecs.BOM_UTF8) + file.read(number)
    except OSError:
        return b""


def holds(path: Path, word: bytes) -> bool:
    """Tell whether a file, which may be large, holds a word anywhere."""
    with (
        suppress(OSError, ValueError),  # ValueError: it is empty
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(word) >= 0
    return False


def files_with(root: Path, suffix: str, depth: int = 1) -> list[Path]:
    """Return the files of a suffix in a folder and in the folders in it, down to a depth, in order.

    `root` itself if it is such a file; what is hidden is left out, such as `.ipynb_checkpoints`.
    """
    if root.is_file():
        return [root] if root.suffix.lower() == suffix else []
    levels = ("/".join(["*"] * (level + 1)) for level in range(depth + 1))
    found = (path for level in levels for path in root.glob(level) if path.suffix.lower() == suffix)
    return sorted(path for path in found if path.is_file() and not is_hidden(path, root))


def is_hidden(path: Path, root: Path) -> bool:
    """Tell whether a file, or a folder that it is in below `root`, is hidden."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def read_json(path: Path, what: str, lean: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Return what a JSON file holds.

    Args:
        path: The file.
        what: What it should be, for messages.
        lean: Given each object as soon as it is read; returns what stands for it.

    Raises:
        DataError: it cannot be read, or is no JSON.
    """
    with reading(path, what):
        return json.loads(_json_text(path), object_hook=lean)


def in_arrays(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an object of a JSON file with points and run lengths in arrays; lists take much more memory."""
    for key, pack in _ARRAYS.items():
        if isinstance(entry.get(key), list):
            with suppress(TypeError, ValueError, OverflowError):  # what is wrong with it is said later
                entry[key] = pack(entry[key])
    return entry


def _json_text(path: Path) -> str:
    content = path.read_bytes()  # which json.loads would hold on to while it reads
    return content.decode(json.detect_encoding(content), "surrogatepass")


def read_xml(path: Path, what: str) -> ElementTree.Element:
    """Return the root of an XML file; a file that defines entities, which can grow without end, is refused.

    Raises:
        DataError: it cannot be read, or is no XML.
    """
    with reading(path, what):
        text = path.read_bytes()
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise DataError("holds a DOCTYPE or entities, which annotation tools do not write; remove them")
        return ElementTree.fromstring(text)


def read_lines(path: Path, what: str) -> list[str]:
    """Return the lines of a text file that are not empty, without blanks around them.

    Raises:
        DataError: it cannot be read, or is not UTF-8.
    """
    with reading(path, what):
        text = path.read_text(encoding="utf-8-sig")
        return [line.strip() for line in text.splitlines() if line.strip()]


def as_points(numbers: Any) -> Points:
    """Return the corners of an outline from pairs, or from x, y, x, y, ...

    Raises:
        ValueError: there are fewer than three, or they are no numbers that a picture can have.
    """
    flat = np.asarray(numbers, np.float64).ravel()
    if flat.size < 6 or flat.size % 2:
        raise ValueError(f"an outline has {flat.size} numbers, expected x and y of three points or more")
    if not (np.abs(flat) < _FARTHEST).all():
        raise ValueError("an outline has a point that is no number, or far outside of any picture")
    return flat.reshape(-1, 2)


def as_size(height: Any, width: Any) -> tuple[int, int]:
    """Return the size of a picture.

    Raises:
        ValueError: it is no size, or larger than pictures may be.
    """
    size = int(height), int(width)
    if min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"height and width are {size[0]} and {size[1]}, expected 1 to {MAX_PIXELS:,} pixels")
    return size


def find_file(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the first file of a name below some folders; a name, which may hold folders, never leads out."""
    parts = parts_in(name)
    if not parts or ".." in parts:
        return None
    for folder in folders:
        path = folder.joinpath(*parts)
        with suppress(OSError, ValueError):  # a name that no file can have, such as one of 400 letters
            if path.is_file():
                return path
    return None


def last_part(name: str) -> tuple[str, ...]:
    """Return what a file may be called where the folders in its name are not there."""
    return (name.replace("\\", "/").rpartition("/")[2],)


def find_files(
    wanted: Sequence[tuple[str, Sequence[Path]]], shorten: Callable[[str], tuple[str, ...]] = last_part
) -> list[Path | None]:
    """Return the file of each entry of a data set, which is a name and the folders to look below.

    A file is found by the whole name; by a shorter one only where no other name may mean that file, too:
    if `b/1.jpg` is missing, neither `1.jpg` nor what `a/1.jpg` stands for is taken in its place.

    Args:
        wanted: The entries.
        shorten: Returns the shorter names to try, in order.
    """
    found = [find_file(name, folders) for name, folders in wanted]
    if None not in found:
        return found
    meant: list[Path | None] = []
    names: dict[Path | None, set[str]] = defaultdict(set)
    for name, folders in wanted:
        meant.append(next(filter(None, (find_file(short, folders) for short in shorten(name))), None))
        names[meant[-1]].add(name)
    return [
        file or (other if len(names[other]) == 1 else None) for file, other in zip(found, meant, strict=True)
    ]
