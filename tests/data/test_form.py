"""How the pictures of a data set are read, and that a model's pictures are read the same way."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pixelwise.data.bands import Bands
from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.form import PHOTOS, PictureForm, choose_form
from pixelwise.errors import ConfigError, DataError, ImageError

A, B = Path("a.tif"), Path("b.tif")


@pytest.mark.parametrize(
    ("found", "channels", "depth", "form"),
    [
        ([Bands(3)], None, None, PHOTOS),
        ([Bands(1)], None, None, PHOTOS),
        ([Bands(1), Bands(3), Bands(4, alpha=True), Bands(2, alpha=True)], None, None, PHOTOS),
        ([Bands(1), Bands(3)], 1, None, PictureForm(1)),
        ([Bands(4, alpha=True)], 4, None, PictureForm(4)),
        ([Bands(4, alpha=True, varied=True)], None, None, PictureForm(4)),
        ([Bands(4, alpha=True, varied=True), Bands(4, alpha=True)], None, None, PictureForm(4)),
        ([Bands(4, alpha=True, varied=True)], 3, None, PictureForm(3)),
        ([Bands(4)], None, None, PictureForm(4)),
        ([Bands(5, "uint16"), Bands(5, "int16")], None, None, PictureForm(5, "integer")),
        ([Bands(1, "uint16")], None, None, PictureForm(1, "integer")),
        ([Bands(4, "uint16", alpha=True)], None, None, PictureForm(3, "integer")),
        ([Bands(1, "float32"), Bands(1, "float64")], None, None, PictureForm(1, "float")),
        ([Bands(1, "uint16"), Bands(3)], None, 8, PHOTOS),
        ([], None, None, PHOTOS),
    ],
)
def test_the_form_follows_what_the_files_hold(found, channels, depth, form):
    assert choose_form(dict.fromkeys(found, (1, A)), channels, depth) == form


@pytest.mark.parametrize(
    ("found", "channels", "words"),
    [
        (
            {Bands(5, "uint16"): (7, A), Bands(4, "uint16"): (2, B)},
            None,
            r"^b.tif \(and 1 more\): holds 4 bands",
        ),
        ({Bands(1, "uint16"): (2, A), Bands(1): (1, B)}, None, "^b.tif: holds 1 band of uint8, but a.tif"),
        ({Bands(1, "uint16"): (2, A), Bands(1, "float32"): (1, B)}, None, "^b.tif: holds 1 band of float32"),
        (
            {Bands(1, "uint16"): (3, A), Bands(2, "uint16"): (2, B), Bands(2, "float32"): (1, A)},
            2,
            r"^a.tif \(and 2 more\): holds 1 band of uint16, but dataset.yaml asks for channels: 2",
        ),
        ({Bands(3): (2, A)}, 4, "^a.tif .*holds 3 bands of uint8, but dataset.yaml asks for channels: 4"),
        ({Bands(4, alpha=True, varied=True): (2, A), Bands(3): (1, B)}, None, "^b.tif: holds 3 bands"),
    ],
)
def test_pictures_that_differ_are_named(found, channels, words):
    with pytest.raises(DataError, match=words):
        choose_form(found, channels)


def test_an_alpha_that_nobody_asked_for_is_told():
    assert "dropped; 'channels: 4'" in choose_form({Bands(4, alpha=True): (1, A)}).note
    assert (
        "taken for a channel; 'channels: 3'" in choose_form({Bands(4, alpha=True, varied=True): (1, A)}).note
    )
    assert choose_form({Bands(3): (1, A)}).note == ""


def test_numbers_that_are_missing_become_the_channels_mean(tmp_path):
    form = PictureForm(2, "float", (7.0, 8.0))
    values = np.array([[[1, np.nan], [np.inf, 4]]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")
    for read in (form.read(tmp_path / "a.tif"), form.of_array(values)):
        np.testing.assert_array_equal(read, [[[1, 8], [7, 4]]])
        assert read.dtype == np.float32


def test_files_pictures_and_arrays_are_read_alike(tmp_path):
    values = np.random.default_rng(0).integers(0, 4000, (5, 7), np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    form = PictureForm(1, "integer", (100.0,))
    expected = values[:, :, None].astype(np.float32)
    with Image.open(tmp_path / "a.png") as picture:
        for read in (form.read(tmp_path / "a.png"), form.of_picture(picture), form.of_array(values)):
            np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (PictureForm(5, "integer"), "holds 3 bands of uint8, expected 5 channels of whole numbers"),
        (PictureForm(3, "integer"), "holds 3 bands of uint8, expected 3 channels of whole numbers"),
        (PictureForm(4), "holds 3 bands of uint8, expected 4 channels of 8 bits"),
    ],
)
def test_a_picture_of_another_form_is_refused(tmp_path, form, words):
    picture = Image.new("RGB", (4, 3))
    picture.save(tmp_path / "a.png")
    with pytest.raises(ImageError, match=f"a.png: {words}"):
        form.read(tmp_path / "a.png")
    with pytest.raises(ImageError, match=f"^{words}"):
        form.of_picture(picture)


def test_a_photo_model_names_the_bands_that_it_cannot_take(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((4, 3, 5), np.uint16), photometric="minisblack", planarconfig="contig")
    with pytest.raises(ImageError, match=r"a\.tif: holds 5 bands of uint16, expected grey or RGB of 8 bits"):
        PHOTOS.read(path)


def test_an_array_of_no_numbers_is_refused():
    with pytest.raises(ConfigError, match="expected numbers"):
        PictureForm(1, "float").of_array(np.zeros((3, 4), complex))


@pytest.fixture
def root(put_pair, tmp_path):
    for name in "abc":
        put_pair("train", name, [[0, 1], [1, 1]])
        put_pair("val", name, [[0, 1], [1, 1]])
    return tmp_path


def test_the_check_of_a_data_set_says_how_it_is_read(root, put):
    assert check_data(open_data(root)) == PHOTOS
    (root / "dataset.yaml").write_text("names: [a, b]\nchannels: 1\n")
    assert check_data(open_data(root)) == PictureForm(1)


def test_the_check_names_the_picture_that_differs(root, put):
    put("train/images/b.png", np.zeros((2, 2), np.uint16))
    with pytest.raises(DataError, match=r"train/images/b\.png: holds 1 band of uint16"):
        check_data(open_data(root))
    (root / "dataset.yaml").write_text("names: [a, b]\ndepth: 8\n")
    assert check_data(open_data(root)) == PHOTOS


@pytest.mark.parametrize("line", ["channels: 0", "channels: x", "depth: 16", "channels: true"])
def test_an_impossible_wish_is_an_error_that_names_the_file(root, line):
    (root / "dataset.yaml").write_text(f"names: [a, b]\n{line}\n")
    with pytest.raises(DataError, match=r"dataset\.yaml: (channels|depth) is"):
        open_data(root)
