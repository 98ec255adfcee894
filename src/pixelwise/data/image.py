"""Pictures from files: every kind that cameras, scanners and tools write, as RGB in 0..255."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from ..errors import ImageError
from ..room import check_room
from .tiff import TiffHead, read_tiff, read_tiff_head

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
)
"""Lower-case endings of the files that are taken for pictures and masks."""

MAX_PIXELS = 20_000 * 20_000
"""Largest picture that is read; in RGB it fills 1.2 GB."""

UNCHECKED_PIXELS = 2**22
"""Pictures of up to so many pixels are decoded without a look at how much memory is free."""

_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

_ALPHA_MODES = ("P", "PA", "La", "LA", "RGBa", "RGBA")

_pillow_limit = threading.Lock()


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """Read a picture of grey or RGB, upright: RGB (H, W, 3) uint8.

    Of the bands of a TIFF, one is grey and three are RGB, whatever its head calls them. More than 8 bits are
    brought to 8 as `to_rgb` says.

    Raises:
        ImageError: the file is missing, unreadable, broken, no picture, larger than `MAX_PIXELS`, or holds
            other bands.
        MissingExtraError: only tifffile reads it, which is not installed.
    """
    path = Path(path)
    head = read_tiff_head(path)
    if head is not None and not head.plain:
        return _bands_to_rgb(path, head)
    picture = open_picture(path)
    try:
        return to_rgb(picture)
    except MemoryError as error:
        raise ImageError(f"{path}: does not fit into the memory: cut it into smaller pictures") from error
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error


def _bands_to_rgb(path: Path, head: TiffHead) -> NDArray[np.uint8]:
    """Return the bands of a TIFF that Pillow does not read as RGB (H, W, 3)."""
    colors = head.count - head.alpha
    if colors not in (1, 3):
        raise ImageError(f"{path}: {_not_rgb(head)}")
    values = read_tiff(path, head)[:, :, :colors]
    values = values if values.dtype == np.uint8 else _to_8_bit(values)
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))


def _not_rgb(head: TiffHead) -> str:
    return f"holds {head.count} bands of {head.dtype}, expected grey or RGB of 8 bits"


def to_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    """Return a Pillow picture of any mode, upright, as RGB (H, W, 3) uint8.

    Alpha is dropped. Grey of more than 8 bits: values within 0..255 stay, values within 0..65535 lose their
    lower 8 bits; of floats, 0..1 is scaled to 0..255 and values within 0..255 stay. Any other range is
    stretched from its smallest to its largest value.

    Raises:
        ImageError: Pillow cannot turn the mode into RGB.
    """
    picture = upright(picture)
    if picture.mode == "F" or picture.mode.startswith("I"):
        grey = _to_8_bit(np.asarray(picture))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode in _ALPHA_MODES:
        picture = picture.convert("RGBA")
    try:
        return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    except ValueError as error:
        raise ImageError(
            f"holds colours of the kind {picture.mode}, expected RGB, grey or CMYK: convert the file to RGB"
        ) from error


def _to_8_bit(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring values of any shape and number type to 0..255, as `to_rgb` says."""
    values = np.nan_to_num(values, posinf=0, neginf=0)
    low, high = values.min(), values.max()
    scaled: NDArray[Any]
    if low < 0 or high > (65535 if values.dtype.kind in "iu" else 255):
        span = float(high) - float(low)
        scaled = (values - np.float64(low)) / (span or 1) * 255
    elif values.dtype.kind == "f":
        scaled = values * 255 if high <= 1 else values
    else:
        scaled = values >> 8 if high > 255 else values
    rounded: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return rounded


def open_picture(path: Path) -> Image.Image:
    """Decode the first frame of a file, in its own mode and not yet upright.

    Raises:
        ImageError: see `read_image`.
    """
    with opened(path) as picture:
        width, height = picture.size
        if width * height > UNCHECKED_PIXELS:
            check_room(decoded_bytes(picture) * width * height, f"{path}: {width} x {height} pixels")
        picture.load()
        return picture


def decoded_bytes(picture: Image.Image) -> int:
    """Return how many bytes a pixel takes at most until it is RGB in an array, all copies counted.

    RGB is 4 bytes in Pillow, 3 as they are handed over and 3 in the array. The rest is measured; a test
    measures it again.
    """
    if picture.mode == "RGB":
        needed = 10
    else:
        needed = 26 if picture.mode == "F" or picture.mode.startswith("I") else 18
    if picture.format == "WEBP":
        needed += 12
    return needed if orientation(picture) == 1 else needed + 4


def read_size(path: str | Path) -> tuple[int, int]:
    """Return the size (height, width) of a picture, upright, from the head of the file alone.

    Raises:
        ImageError: see `read_image`; damage behind the head goes unnoticed.
    """
    head = read_tiff_head(Path(path))
    if head is not None and not head.plain:
        return head.size
    with opened(Path(path)) as picture:
        return _upright_size(picture, picture.size)


def verify_image(path: Path) -> tuple[int, int]:
    """Decode a whole picture, keep nothing of it, and return its size (height, width), upright.

    Raises:
        ImageError, MissingExtraError: see `read_image`; but any number of bands passes.
    """
    head = read_tiff_head(path)
    if head is not None and not head.plain:
        height, width, _ = read_tiff(path, head).shape
        return height, width
    with opened(path) as picture:
        size = picture.size
        picture.draft("RGB", (1, 1))  # JPEG: all bytes are read, but fewer pixels are made of them
        picture.load()
        return _upright_size(picture, size if picture.format in ("JPEG", "MPO") else picture.size)


def upright(picture: Image.Image) -> Image.Image:
    """Return the picture turned and mirrored as its EXIF orientation asks for."""
    turn = _UPRIGHT.get(orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def _upright_size(picture: Image.Image, size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    return (width, height) if orientation(picture) in _SIDEWAYS else (height, width)


def orientation(picture: Image.Image) -> int:
    """Return how a camera was held, 1 (upright) to 8, as EXIF has it; 1 where nothing is said."""
    if picture.format == "TIFF":
        return 1  # Pillow turns these by itself
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF raises anything; the pixels are none the worse for it
        return 1


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture of a bearable size; whatever goes wrong then or inside the block is an ImageError."""
    try:
        with path.open("rb") if path.is_file() else _no_file(path) as file, _identify(file) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{path}: is {width} x {height} pixels, expected at most {MAX_PIXELS:,} in all: "
                    "cut it into smaller pictures"
                )
            yield picture
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{path}: does not fit into the memory: cut it into smaller pictures") from error
    except PermissionError as error:
        raise ImageError(f"{path}: you may not read it; change its permissions (chmod +r)") from error
    except UnidentifiedImageError as error:
        if path.stat().st_size == 0:
            raise ImageError(f"{path}: is empty (0 bytes); copy it again, or delete it") from error
        if (head := read_tiff_head(path)) is not None:
            raise ImageError(f"{path}: {_not_rgb(head)}") from error
        raise ImageError(
            f"{path}: is no picture, or of a kind that cannot be read; expected {', '.join(_FORMATS)}"
        ) from error
    except Exception as error:  # a decoder fed with broken bytes may raise anything
        raise ImageError(f"{path}: is damaged ({_reason(error)}); copy it again, or delete it") from error


def decode(picture: Image.Image) -> None:
    """Decode a picture that was opened by others, which Pillow leaves until its pixels are asked for.

    Raises:
        ImageError: it is damaged, or closed already.
    """
    try:
        picture.load()
    except MemoryError as error:
        raise ImageError("the picture does not fit into the memory: cut it into smaller ones") from error
    except Exception as error:
        raise ImageError(
            f"the picture cannot be decoded ({_reason(error)}): it is damaged or closed"
        ) from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _identify(file: Any) -> Image.Image:
    """Let Pillow read the head of a file, with our limit of pixels in place of Pillow's."""
    with _pillow_limit:
        kept, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=_FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = kept


def _no_file(path: Path) -> Any:
    """Say why there is no plain file at `path`."""
    if path.is_dir():
        raise ImageError(f"{path}: is a folder, expected a picture")
    if path.exists():
        raise ImageError(f"{path}: is no plain file, expected a picture")
    if path.is_symlink():
        raise ImageError(f"{path}: is a link to {path.readlink()}, which is missing")
    raise ImageError(f"{path}: no such file")
