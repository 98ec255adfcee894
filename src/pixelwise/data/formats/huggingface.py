"""Hugging Face `datasets` on disk, by `save_to_disk` or as Parquet, with columns of pictures and masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import DataError, MissingExtraError
from ...extras import require
from ..archive import MAX_BYTES, temporary_folder
from ..splits import SPLITS, split_called
from .base import Format, Request
from .reading import files_with, find_file

_WHAT = "a Hugging Face data set with a column of pictures and one of masks"
_IMAGES = ("image", "img", "picture", "pixel_values")
_MASKS = ("mask", "label", "labels", "annotation", "segmentation", "segmentation_mask", "semantic_mask", "gt")
_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp", b"BM": ".bmp", b"GIF8": ".gif"}
_TIFF = (b"II*\0", b"MM\0*")
_MARKS = ("dataset_dict.json", "state.json")

Row = Mapping[str, Any]


def looks_like(root: Path) -> bool:
    """Say whether a folder was made by `save_to_disk`, or Parquet files lie there."""
    return any((root / name).is_file() for name in _MARKS) or bool(files_with(root, ".parquet"))


def open_huggingface(request: Request) -> Path:
    """Write the pictures and masks of all rows to a temporary folder in our own layout, and return it.

    Bytes are written as they stand in the data set. The folder lasts as long as this process.

    Raises:
        DataError: the data set is not what it should be, or larger than a temporary folder should be, or the
            temporary folder cannot be written.
        MissingExtraError: the package that reads such data sets is not installed.
    """
    root = request.root
    folder = temporary_folder()
    try:
        rows = _write_rows(root, folder)
    except DataError as error:
        text = str(error)
        raise error if text.startswith(str(root)) else DataError(f"{root}: {text}") from error
    except MissingExtraError:
        raise
    except Exception as error:  # what the readers of damaged files may raise is not listed anywhere
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        if isinstance(error, OSError) and error.errno:  # Arrow's own, of damaged files, have no number
            raise DataError(f"{root}: cannot be read ({reason})") from error
        raise DataError(f"{root}: is damaged, or not {_WHAT} ({reason}); save it again") from error
    if not rows:
        raise DataError(f"{root}: holds no row; expected {_WHAT}")
    return folder


def _write_rows(root: Path, folder: Path) -> int:
    """Write pictures and masks as `open_huggingface` says, and return how many rows there were."""
    budget, rows = MAX_BYTES, 0
    splits = dict(_splits(root))
    for name, (pictures, batches) in splits.items():
        split = split_called(name.split("-")[0])
        if len(splits) > 1 and split is None:
            raise DataError(f"holds a split '{name}', expected {', '.join(SPLITS)}")
        place = folder if split is None else folder / split
        columns = _columns(pictures)
        for row in batches:
            for kind, column in zip(("images", "masks"), columns, strict=True):
                content = _content(row[column], root, f"row {rows} in order, column {column},")
                budget -= len(content)
                if budget < 0:
                    raise DataError(f"holds more than {MAX_BYTES:,} bytes of pictures; convert it in parts")
                path = place / kind / f"{rows:07d}{_suffix(content)}"
                _write(path, content)
            rows += 1
    return rows


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise DataError(
            f"its pictures are unpacked to the temporary folder {path.parent}, which cannot be written "
            f"({error.strerror or error}): free space there, or set TMPDIR to a folder that has more"
        ) from error


class _Split(NamedTuple):
    """A split.

    Attributes:
        columns: Whether each column, by its name, holds pictures.
        rows: The rows, pictures as {bytes, path}.
    """

    columns: dict[str, bool]
    rows: Iterator[Row]


def _splits(root: Path) -> Iterator[tuple[str, _Split]]:
    """Yield the splits by their names."""
    if any((root / name).is_file() for name in _MARKS):
        require("datasets")
        import datasets

        found = datasets.load_from_disk(str(root))
        parts = found if isinstance(found, dict) else {"all": found}
        yield from ((str(name), _undecoded(part)) for name, part in parts.items())
        return
    require("pyarrow")
    by_split: dict[str, list[Path]] = {}
    for path in files_with(root, ".parquet"):
        # train-00000-of-00002.parquet, or train/0000.parquet; the name of DATA itself says nothing
        words = (path.stem.split("-")[0], *path.relative_to(root).parent.parts)
        by_split.setdefault(next(filter(split_called, words), "all"), []).append(path)
    yield from ((split, _parquet(paths)) for split, paths in by_split.items())


def _undecoded(part: Any) -> _Split:
    import datasets

    part.data.validate(full=True)  # or a damaged file has Arrow read where no memory is
    for name, feature in part.features.items():
        if isinstance(feature, datasets.Image):
            part = part.cast_column(name, datasets.Image(decode=False))
    return _Split(_kinds(part.data.schema), iter(part))


def _parquet(paths: list[Path]) -> _Split:
    import pyarrow.parquet

    return _Split(_kinds(pyarrow.parquet.read_schema(paths[0])), _parquet_rows(paths))


def _kinds(schema: Any) -> dict[str, bool]:
    """Return whether each column of an Arrow schema holds pictures, as structs with bytes."""
    from pyarrow.types import is_struct

    return {
        column.name: is_struct(column.type) and column.type.get_field_index("bytes") >= 0 for column in schema
    }


def _parquet_rows(paths: list[Path]) -> Iterator[Row]:
    import pyarrow.parquet

    for path in paths:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=16):
            yield from batch.to_pylist()


def _columns(columns: Mapping[str, bool]) -> tuple[str, str]:
    """Return the names of the columns of pictures and of masks."""
    pictures = [name for name, holds_pictures in columns.items() if holds_pictures]
    image = next((name for name in _IMAGES if name in pictures), None)
    mask = next((name for name in _MASKS if name in pictures), None)
    others = [name for name in pictures if name != image]
    if image is not None and mask is None and len(others) == 1:
        mask = others[0]
    if image is None or mask is None:
        raise DataError(
            f"its columns of pictures are {', '.join(pictures) or 'none'} (of {', '.join(columns)}); "
            "expected image and mask: rename them with rename_column"
        )
    return image, mask


def _content(cell: Any, root: Path, where: str) -> bytes:
    """Return the bytes of a picture, which stand in the row or in a file beside."""
    if cell and cell.get("bytes"):
        return bytes(cell["bytes"])
    path = find_file(cell["path"], [root]) if cell and cell.get("path") else None
    if path is None:
        raise DataError(f"{where} holds no picture; save the data set with the pictures embedded")
    return path.read_bytes()


def _suffix(content: bytes) -> str:
    if content.startswith(_TIFF):
        return ".tif"
    return next((suffix for mark, suffix in _SUFFIXES.items() if content.startswith(mark)), ".png")


FORMAT = Format(
    "huggingface", "a folder of Hugging Face's save_to_disk, or .parquet files", looks_like, open_huggingface
)
