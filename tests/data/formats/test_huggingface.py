"""What is told of Hugging Face data sets that cannot be read."""

import errno
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.folder import open_data
from pixelwise.data.formats import huggingface
from pixelwise.errors import DataError, MissingExtraError


def parquet(folder, *, masks):
    """Write rows with a picture and, where `masks` says so, a mask."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def cell(shape):
        file = io.BytesIO()
        Image.fromarray(np.ones(shape, np.uint8)).save(file, "PNG")
        return {"bytes": file.getvalue(), "path": None}

    rows = [{"image": cell((8, 8, 3)), "mask": cell((8, 8)) if mask else None} for mask in masks]
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "0.parquet")
    return folder


def test_a_first_row_without_a_mask_is_named(tmp_path):
    with pytest.raises(DataError, match="row 0 in order, column mask, holds no picture"):
        open_data(parquet(tmp_path, masks=(False, True)))


def test_columns_of_other_names_are_listed(tmp_path):
    import pyarrow.parquet as pq

    folder = parquet(tmp_path, masks=(True,))
    table = pq.read_table(folder / "0.parquet").rename_columns(["left", "right"])
    pq.write_table(table, folder / "0.parquet")
    with pytest.raises(DataError, match=r"are left, right \(of left, right\); expected image"):
        open_data(folder)


def test_a_package_that_is_missing_is_no_damage(tmp_path, monkeypatch):
    def require(package):
        raise MissingExtraError(package, "formats")

    monkeypatch.setattr(huggingface, "require", require)
    with pytest.raises(MissingExtraError, match=r"run  pip install 'pixelwise\[formats\]'"):
        open_data(parquet(tmp_path, masks=(True,)))


def test_a_full_disk_is_no_damage(tmp_path, monkeypatch):
    def write_bytes(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = parquet(tmp_path, masks=(True,))
    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(DataError) as error:
        open_data(folder)
    assert str(error.value).startswith(f"{folder}: its pictures are unpacked to the temporary folder ")
    assert "(No space left on device): free space there, or set TMPDIR" in str(error.value)


def test_a_file_that_may_not_be_read_is_no_damage(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    def read_schema(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    folder = parquet(tmp_path, masks=(True,))
    monkeypatch.setattr(pq, "read_schema", read_schema)
    with pytest.raises(DataError, match=r"cannot be read \(.*Permission denied.*0\.parquet"):
        open_data(folder)
