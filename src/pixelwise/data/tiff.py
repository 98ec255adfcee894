"""TIFF files beyond Pillow: many bands, 16 bits a colour, fractions. Only their pixels need tifffile."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ..errors import ImageError
from ..extras import require

MAX_BYTES = 1_600_000_000
"""Largest picture that is read, in bytes of its numbers."""

MAX_PAGES = 4096
"""Pages of a file that are looked at."""

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WIDTH, _LENGTH, _BITS, _COLORS, _ORIENTATION, _SAMPLES = 256, 257, 258, 262, 274, 277
_SUBFILE, _EXTRA, _FORMAT, _NODATA = 254, 338, 339, 42113
_GREY, _INVERTED, _RGB = 1, 0, 2
_ALPHA = (1, 2)
_OTHERS = 1 | 4  # a smaller view of another page, or its mask
_KINDS = {1: "uint", 2: "int", 3: "float", 4: "uint"}
_PILLOW_TAKES = ("uint8", "uint16", "int16", "int32", "float32")


@dataclass(frozen=True)
class TiffHead:
    """What the head of a TIFF file says.

    Attributes:
        size: Height and width, upright.
        count: Bands, an alpha among them; a file of several grey pages of one size holds a band a page.
        dtype: NumPy's name of the number type; "uint8" for fewer bits as well.
        alpha: Whether the last band is marked as alpha.
        plain: Whether Pillow reads the file without loss.
        orientation: How the pixels lie, 1 (upright) to 8, as in EXIF.
        nodata: Value that stands for "nothing measured here", as GDAL declares it.
        pages: Pages that hold bands.
    """

    size: tuple[int, int]
    count: int
    dtype: str
    alpha: bool = False
    plain: bool = True
    orientation: int = 1
    nodata: float | None = None
    pages: int = 1


def read_tiff_head(path: Path) -> TiffHead | None:
    """Return what the head of a TIFF file says; None for other files, and where it makes no sense."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return _head(list(_pages(file)))
    except Exception:  # a damaged head raises anything; whoever reads the file says what is wrong
        return None


def read_tiff(path: Path, head: TiffHead) -> NDArray[Any]:
    """Read all bands of a TIFF file, upright: (H, W, bands) in the file's own number type.

    Raises:
        ImageError: the file is damaged, or larger than `MAX_BYTES`.
        MissingExtraError: tifffile is not installed.
    """
    require("tifffile", "imagecodecs")
    import tifffile

    height, width = head.size
    if height * width * head.count * np.dtype(head.dtype).itemsize > MAX_BYTES:
        raise ImageError(
            f"{path}: is {width} x {height} pixels with {head.count} bands of {head.dtype}, expected at most "
            f"{MAX_BYTES:,} bytes in all: cut it into smaller pictures"
        )
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it complains of is raised as well
    try:
        with tifffile.TiffFile(path) as file:
            pages: Iterable[Any] = file.pages
            wanted = (page for page in pages if not page.subfiletype & _OTHERS)
            stack = [_planes(page) for page in itertools.islice(wanted, head.pages)]
    except MemoryError as error:
        raise ImageError(f"{path}: does not fit into the memory: cut it into smaller pictures") from error
    except Exception as error:  # a decoder fed with broken bytes may raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"{path}: is damaged ({reason}); copy it again, or delete it") from error
    values = _turned(np.concatenate(stack, axis=-1), head.orientation)
    if values.shape != (*head.size, head.count):
        raise ImageError(f"{path}: is damaged (head and pixels disagree); copy it again, or delete it")
    return values


def _planes(page: Any) -> NDArray[Any]:
    """Return the pixels (H, W, bands) of a page, whichever way its bands are stored.

    Those of up to 8 bits are as Pillow reads them: 0..255, from black to white.
    """
    values: NDArray[Any] = page.asarray(squeeze=False, maxworkers=1)[:, 0]  # (planes, H, W, bands)
    if values.dtype in (np.bool_, np.uint8):
        most = 2 ** int(np.max(page.bitspersample)) - 1
        values = values.astype(np.uint8) * np.uint8(255 // most)
        values = ~values if page.photometric == _INVERTED else values
    return np.moveaxis(values, 0, -2).reshape(*values.shape[1:3], -1)


def _pages(file: BinaryIO) -> Iterator[ImageFileDirectory_v2]:
    """Yield the heads of the pages that are no smaller views or masks of others."""
    magic = file.read(8)
    if magic[:4] not in _MAGIC:
        return
    if magic[2] == 43 or magic[3] == 43:  # BigTIFF
        magic += file.read(8)
    page = ImageFileDirectory_v2(magic)
    for _ in range(MAX_PAGES):
        if not page.next:
            return
        file.seek(page.next)
        page = _loaded(page, magic, file)
        if not page.get(_SUBFILE, 0) & _OTHERS:
            yield page


def _loaded(before: ImageFileDirectory_v2, magic: bytes, file: BinaryIO) -> ImageFileDirectory_v2:
    page = ImageFileDirectory_v2(magic)
    page.next = before.next
    page.load(file)
    return page


def _head(pages: list[ImageFileDirectory_v2]) -> TiffHead | None:
    if not pages:
        return None
    first = pages[0]
    samples, kind, dtype = _layout(first)
    alike = all(_layout(page) == _layout(first) and _size(page) == _size(first) for page in pages)
    stacked = len(pages) if samples == 1 and alike and kind in (_GREY, _INVERTED) else 1
    base = {_GREY: 1, _INVERTED: 1, _RGB: 3}.get(kind)
    extra = first.get(_EXTRA, ())
    alpha = base is not None and samples == base + 1 and extra[:1] in [(mark,) for mark in _ALPHA]
    if base is None:  # a palette, CMYK, YCbCr: colours that Pillow turns into RGB
        return TiffHead(_upright(first), 3, "uint8") if dtype == "uint8" else None
    whole = samples == base or alpha
    plain = whole and stacked == 1 and dtype in _PILLOW_TAKES and (dtype == "uint8" or samples == 1)
    nodata = str(first.get(_NODATA, "")).strip("\0 ")
    return TiffHead(
        _upright(first),
        samples * stacked,
        dtype,
        alpha,
        plain,
        _orientation(first),
        float(nodata) if nodata else None,
        stacked,
    )


def _layout(page: ImageFileDirectory_v2) -> tuple[int, int, str]:
    """Return the samples a pixel of a page, what its colours are, and the type of its numbers."""
    bits, kind = page.get(_BITS, (1,))[0], _KINDS[page.get(_FORMAT, (1,))[0]]
    if kind == "uint":
        dtype = "uint8" if bits <= 8 else "uint16" if bits <= 16 else "uint32" if bits <= 32 else "uint64"
    else:
        dtype = f"{kind}{bits}"
    return int(page.get(_SAMPLES, 1)), int(page.get(_COLORS, _GREY)), np.dtype(dtype).name


def _size(page: ImageFileDirectory_v2) -> tuple[int, int]:
    return int(page[_LENGTH]), int(page[_WIDTH])


def _orientation(page: ImageFileDirectory_v2) -> int:
    return int(page.get(_ORIENTATION, 1))


def _upright(page: ImageFileDirectory_v2) -> tuple[int, int]:
    height, width = _size(page)
    return (width, height) if _orientation(page) in (5, 6, 7, 8) else (height, width)


def _turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return pixels (H, W, bands) upright."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    down, right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return values[:: -1 if down else 1, :: -1 if right else 1]
