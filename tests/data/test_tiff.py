"""Heads of TIFF files against what tifffile wrote, and pixels that come back as they were."""

import contextlib

import numpy as np
import pytest
import tifffile

from pixelwise.data.tiff import MAX_BYTES, read_tiff, read_tiff_head
from pixelwise.errors import ImageError, MissingExtraError

RNG = np.random.default_rng(0)
CONTIG = {"planarconfig": "contig", "photometric": "minisblack"}


def numbers(shape, dtype):
    return (RNG.random(shape) * 200).astype(dtype)


LAYOUTS = {
    "many bands": ((8, 9, 5), "uint16", CONTIG, 5),
    "two fractions": ((8, 9, 2), "float32", CONTIG, 2),
    "LZW": ((8, 9, 5), "uint16", {**CONTIG, "compression": "lzw"}, 5),
    "deflate and predictor": ((8, 9, 4), "int16", {**CONTIG, "compression": "zlib", "predictor": 2}, 4),
    "tiles": ((40, 50, 5), "uint16", {**CONTIG, "tile": (16, 16)}, 5),
    "RGB of 16 bits": ((8, 9, 3), "uint16", {"photometric": "rgb"}, 3),
    "RGB of fractions": ((8, 9, 3), "float32", {"photometric": "rgb"}, 3),
    "double fractions": ((8, 9), "float64", {}, 1),
    "half fractions": ((8, 9), "float16", {}, 1),
    "big endian": ((8, 9, 5), "uint16", {**CONTIG, "byteorder": ">"}, 5),
    "BigTIFF": ((8, 9, 5), "uint16", {**CONTIG, "bigtiff": True}, 5),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_pillow_loses_comes_back_as_it_was(tmp_path, name):
    shape, dtype, how, count = LAYOUTS[name]
    byte_order = {"byteorder": how["byteorder"]} if "byteorder" in how else {}
    big = {"bigtiff": True} if "bigtiff" in how else {}
    how = {key: value for key, value in how.items() if key not in ("byteorder", "bigtiff")}
    values = numbers(shape, dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, **how, **byte_order, **big)
    head = read_tiff_head(tmp_path / "a.tif")
    assert (head.size, head.count, head.dtype, head.plain) == (shape[:2], count, dtype, False)
    np.testing.assert_array_equal(read_tiff(tmp_path / "a.tif", head), values.reshape(*shape[:2], count))


def test_bands_in_planes_and_in_pages_become_the_last_axis(tmp_path):
    values = numbers((5, 8, 9), "uint16")
    for name, how in {"planes": {**CONTIG, "planarconfig": "separate"}, "pages": {}}.items():
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, values, **how)
        head = read_tiff_head(path)
        assert (head.count, head.pages) == (5, 1 if name == "planes" else 5)
        np.testing.assert_array_equal(read_tiff(path, head), np.moveaxis(values, 0, -1))


def test_hundreds_of_grey_pages_are_all_bands(tmp_path):
    values = numbers((300, 2, 3), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    head = read_tiff_head(tmp_path / "a.tif")
    assert head.count == 300
    np.testing.assert_array_equal(read_tiff(tmp_path / "a.tif", head), np.moveaxis(values, 0, -1))


def test_smaller_views_of_a_page_are_no_bands(tmp_path):
    values = numbers((40, 50), "uint16")
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(values)
        file.write(values[::2, ::2], subfiletype=1)
    head = read_tiff_head(tmp_path / "a.tif")
    assert (head.count, head.plain) == (1, True)


@pytest.mark.parametrize(
    ("shape", "dtype", "how"),
    [
        ((8, 9), "uint8", {}),
        ((8, 9), "uint16", {}),
        ((8, 9), "float32", {}),
        ((8, 9, 3), "uint8", {"photometric": "rgb"}),
        ((8, 9, 4), "uint8", {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    ],
)
def test_what_pillow_reads_is_left_to_it(tmp_path, shape, dtype, how):
    tifffile.imwrite(tmp_path / "a.tif", numbers(shape, dtype), **how)
    assert read_tiff_head(tmp_path / "a.tif").plain


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_file_is_upright(tmp_path, orientation):
    values = numbers((2, 3, 5), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", values, **CONTIG, extratags=[(274, "H", 1, orientation, True)])
    views = {
        1: values,
        2: values[:, ::-1],
        3: values[::-1, ::-1],
        4: values[::-1],
        5: values.swapaxes(0, 1),
        6: values.swapaxes(0, 1)[:, ::-1],
        7: values.swapaxes(0, 1)[::-1, ::-1],
        8: values.swapaxes(0, 1)[::-1],
    }
    head = read_tiff_head(tmp_path / "a.tif")
    assert head.size == views[orientation].shape[:2]
    np.testing.assert_array_equal(read_tiff(tmp_path / "a.tif", head), views[orientation])


def test_other_files_have_no_such_head(tmp_path):
    for name, content in {"a.png": b"\x89PNG\r\n", "b.tif": b"II*\0", "c.tif": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert read_tiff_head(tmp_path / name) is None
    assert read_tiff_head(tmp_path / "none.tif") is None
    assert read_tiff_head(tmp_path) is None


def test_pages_in_a_circle_end(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers((8, 9), "uint16"))
    content = bytearray(path.read_bytes())
    start = int.from_bytes(content[4:8], "little")
    entries = int.from_bytes(content[start : start + 2], "little")
    end = start + 2 + 12 * entries
    content[end : end + 4] = start.to_bytes(4, "little")
    path.write_bytes(content)
    head = read_tiff_head(path)
    assert head is None or head.size == (8, 9)


def test_a_file_that_claims_too_much_is_refused_before_it_is_read(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", numbers((8, 9, 5), "uint16"), **CONTIG)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    start = int.from_bytes(content[4:8], "little")
    for entry in range(start + 2, start + 2 + 12 * int.from_bytes(content[start : start + 2], "little"), 12):
        if int.from_bytes(content[entry : entry + 2], "little") in (256, 257):
            content[entry + 2 : entry + 12] = (
                (4).to_bytes(2, "little") + b"\1\0\0\0" + (60_000).to_bytes(4, "little")
            )
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(ImageError, match=f"expected at most {MAX_BYTES:,} bytes"):
        read_tiff(tmp_path / "a.tif", read_tiff_head(tmp_path / "a.tif"))


@pytest.mark.parametrize("how", [CONTIG, {**CONTIG, "compression": "lzw"}, {**CONTIG, "compression": "zlib"}])
def test_a_file_cut_short_is_damaged(tmp_path, how):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers((60, 80, 5), "uint16"), **how)
    head = read_tiff_head(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(ImageError, match="is damaged") as error:
        read_tiff(path, head)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_flipped_bytes_never_end_in_anything_but_numbers_or_an_image_error(tmp_path, compression):
    rng = np.random.default_rng(1)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers((20, 30, 5), "uint16"), **CONTIG, compression=compression)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(80):
        broken = whole.copy()
        broken[rng.integers(0, min(len(broken), 400), 4)] = rng.integers(0, 256, 4)
        path.write_bytes(broken.tobytes())
        head = read_tiff_head(path)
        if head is not None:
            with contextlib.suppress(ImageError):
                assert read_tiff(path, head).shape == (*head.size, head.count)


def test_without_tifffile_the_error_holds_the_install_line(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", numbers((8, 9, 5), "uint16"), **CONTIG)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pixelwise\[tiff\]'"):
        read_tiff(tmp_path / "a.tif", read_tiff_head(tmp_path / "a.tif"))


def test_want_of_memory_is_no_damage(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers((8, 9, 5), "uint16"), **CONTIG)

    def refuse(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(tifffile, "TiffFile", refuse)
    with pytest.raises(ImageError, match=r"a\.tif: does not fit into the memory"):
        read_tiff(path, read_tiff_head(path))
