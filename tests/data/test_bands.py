"""Pictures as the numbers that their files hold, against the arrays that other libraries wrote."""

import numpy as np
import pytest
import tifffile
from imagecodecs import png_encode
from PIL import Image

from pixelwise.data.bands import Bands, picture_raster, read_kind, read_raster
from pixelwise.errors import ImageError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), np.uint8)
ALPHA = RNG.integers(0, 256, (6, 8, 1), np.uint8)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_a_png_of_16_bits_keeps_them_all(tmp_path, bands):
    values = RNG.integers(0, 65536, (37, 53, bands), np.uint16)  # every filter of PNG occurs
    (tmp_path / "a.png").write_bytes(png_encode(values if bands > 1 else values[:, :, 0], level=9))
    read, kind = read_raster(tmp_path / "a.png")
    np.testing.assert_array_equal(read, values)
    assert kind == read_kind(tmp_path / "a.png") == Bands(bands, "uint16", alpha=bands in (2, 4))


def test_a_turned_png_of_16_bits_is_upright(tmp_path):
    values = RNG.integers(0, 65536, (6, 8, 3), np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1, 1)).save(tmp_path / "exif.png", exif=exif)
    whole = (tmp_path / "exif.png").read_bytes()
    at = whole.index(b"eXIf") - 4
    chunk = whole[at : at + 12 + int.from_bytes(whole[at : at + 4], "big")]
    png = bytes(png_encode(values))
    head = png.index(b"IDAT") - 4
    (tmp_path / "a.png").write_bytes(png[:head] + chunk + png[head:])
    np.testing.assert_array_equal(read_raster(tmp_path / "a.png").values, np.rot90(values, -1))


@pytest.mark.parametrize(
    ("name", "picture", "values", "kind"),
    [
        ("rgb.png", Image.fromarray(RGB), RGB, Bands(3)),
        ("rgb.bmp", Image.fromarray(RGB), RGB, Bands(3)),
        ("grey.png", Image.fromarray(RGB[:, :, 0]), RGB[:, :, :1], Bands(1)),
        (
            "alpha.png",
            Image.fromarray(np.dstack([RGB, ALPHA])),
            np.dstack([RGB, ALPHA]),
            Bands(4, alpha=True),
        ),
        (
            "grey alpha.png",
            Image.fromarray(np.dstack([RGB[:, :, :1], ALPHA])),
            np.dstack([RGB[:, :, :1], ALPHA]),
            Bands(2, alpha=True),
        ),
        (
            "deep.png",
            Image.fromarray(RGB[:, :, 0].astype(np.uint16) * 9),
            RGB[:, :, :1] * np.uint16(9),
            Bands(1, "uint16"),
        ),
        (
            "float.tif",
            Image.fromarray(RGB[:, :, 0] / np.float32(7)),
            RGB[:, :, :1] / np.float32(7),
            Bands(1, "float32"),
        ),
    ],
)
def test_numbers_come_back_as_they_were(tmp_path, name, picture, values, kind):
    picture.save(tmp_path / name)
    read = read_raster(tmp_path / name)
    np.testing.assert_array_equal(read.values, values)
    assert read.values.dtype == (np.uint8 if kind.dtype == "uint8" else np.float32)
    assert read.bands == read_kind(tmp_path / name) == kind
    np.testing.assert_array_equal(picture_raster(picture).values, values)


@pytest.mark.parametrize("name", ["a.webp", "cmyk.jpg", "palette.png", "bits.png"])
def test_other_photos_are_photos(tmp_path, name):
    picture = Image.fromarray(RGB)
    picture = (
        {"cmyk.jpg": "CMYK", "palette.png": "P", "bits.png": "1"}.get(name, "")
        and picture.convert({"cmyk.jpg": "CMYK", "palette.png": "P", "bits.png": "1"}[name])
    ) or picture
    picture.save(tmp_path / name)
    assert read_kind(tmp_path / name).photo
    assert read_raster(tmp_path / name).values.dtype == np.uint8


def test_an_alpha_of_a_tiff_that_is_more_than_nothing_and_all_is_a_band(tmp_path):
    mask = np.where(ALPHA > 128, 255, 0).astype(np.uint8)
    for name, last in {"nir": ALPHA, "alpha": mask}.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", np.dstack([RGB, last]))  # marks the fourth band as alpha
        assert read_kind(tmp_path / f"{name}.tif") == Bands(4, alpha=True, varied=name == "nir")
    assert not Bands(4, alpha=True, varied=True).photo
    assert Bands(4, alpha=True).photo


def test_what_was_not_measured_is_nan(tmp_path):
    values = np.array([[1.5, -9999, np.inf], [np.nan, 3, 1e300]])
    tifffile.imwrite(tmp_path / "a.tif", values, extratags=[(42113, "s", 0, "-9999", True)])
    np.testing.assert_array_equal(
        read_raster(tmp_path / "a.tif").values[..., 0], [[1.5, np.nan, np.nan], [np.nan, 3, np.nan]]
    )
    whole = np.array([[0, 7], [55537, 65535]], np.uint16)
    for text, expected in {
        "0": [[np.nan, 7], [55537, 65535]],
        "-9999": [[0, 7], [55537, 65535]],
        "nan": [[0, 7], [55537, 65535]],
    }.items():
        tifffile.imwrite(tmp_path / "b.tif", whole, extratags=[(42113, "s", 0, text, True)])
        np.testing.assert_array_equal(read_raster(tmp_path / "b.tif").values[..., 0], expected)


@pytest.mark.parametrize("read", [read_kind, read_raster])
def test_a_missing_and_a_broken_file_are_named(tmp_path, read):
    (tmp_path / "a.tif").write_bytes(b"II*\0" + b"\xff" * 40)
    for name in ("a.tif", "none.png"):
        with pytest.raises(ImageError) as error:
            read(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name))
        assert "\n" not in str(error.value)
