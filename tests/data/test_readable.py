"""What the check of a data set lets pass, training can read; files of many kinds, alone and among photos."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.form import PictureForm
from pixelwise.errors import DataError, ImageError
from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import survey

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), np.uint8)
GREY = RGB[..., :1].repeat(3, axis=2)
PLANES = np.moveaxis(RGB, -1, 0).copy()
BITS = RGB > 127


def tiff(values, **how):
    return lambda path: tifffile.imwrite(path, values, **how)


CONTIG = {"photometric": "minisblack", "planarconfig": "contig"}

PHOTOS = {
    "RGB": (tiff(RGB, photometric="rgb"), RGB),
    "RGB in planes": (tiff(PLANES, photometric="rgb", planarconfig="separate"), RGB),
    "three bands": (tiff(RGB, **CONTIG), RGB),
    "three bands in planes": (tiff(PLANES, photometric="minisblack", planarconfig="separate"), RGB),
    "three pages": (tiff(PLANES, photometric="minisblack"), RGB),
    "three pages, white is 0": (tiff(~PLANES, photometric="miniswhite"), RGB),
    "three pages of a bit": (tiff(PLANES > 127, photometric="minisblack"), BITS * np.uint8(255)),
    "three pages of a bit, white is 0": (tiff(PLANES <= 127, photometric="miniswhite"), BITS * np.uint8(255)),
}

DEEP = {
    "double fractions": (tiff(RGB[..., 0] / 255.0), GREY),
    "RGB of fractions": (tiff(np.float32(RGB / 255), photometric="rgb"), RGB),
    "RGB of 16 bits": (tiff(RGB * np.uint16(257), photometric="rgb"), RGB),
    "three pages of 16 bits": (tiff(PLANES * np.uint16(257), photometric="minisblack"), RGB),
    "grey and alpha of 16 bits": (
        tiff(RGB[..., :2] * np.uint16(257), extrasamples=["unassalpha"], **CONTIG),
        GREY,
    ),
}

NEVER = {
    "two bands": tiff(RGB[..., :2].copy(), **CONTIG),
    "four bands": tiff(np.dstack([RGB, RGB])[..., :4].copy(), **CONTIG),
    "five bands": tiff(np.dstack([RGB, RGB])[..., :5].copy(), **CONTIG),
    "two pages": tiff(PLANES[:2], photometric="minisblack"),
}


@pytest.fixture
def root(put_pair, tmp_path):
    for split in ("train", "val"):
        for name in "abc":
            put_pair(split, name, np.eye(6, 8, dtype=np.uint8))
            Image.fromarray(RGB).save(tmp_path / split / "images" / f"{name}.png")
    return tmp_path


def exchange(root, write, *names):
    """Write TIFFs in place of pictures of train and val; return one of them."""
    for split in ("train", "val"):
        for name in names:
            (root / split / "images" / f"{name}.png").unlink()
            write(root / split / "images" / f"{name}.tif")
    return root / "train" / "images" / f"{names[0]}.tif"


def found_by_check(root):
    """Return what `pixelwise check` says of files, and not of what is on them."""
    return [found.kind for found in find(survey(root)) if found.kind in ("unreadable-picture", "mixed-bands")]


@pytest.mark.parametrize("names", ["b", "abc"])
@pytest.mark.parametrize("kind", PHOTOS)
def test_photos_are_read_as_what_their_files_hold(root, kind, names):
    write, expected = PHOTOS[kind]
    path = exchange(root, write, *names)
    form = check_data(open_data(root))
    assert form == PictureForm()
    np.testing.assert_array_equal(form.read(path), expected)
    assert found_by_check(root) == []


@pytest.mark.parametrize("names", ["b", "abc"])
@pytest.mark.parametrize("kind", DEEP)
def test_depth_8_takes_grey_and_rgb_of_any_depth(root, kind, names):
    write, expected = DEEP[kind]
    path = exchange(root, write, *names)
    (root / "dataset.yaml").write_text("names: [a, b]\ndepth: 8\n")
    form = check_data(open_data(root))
    assert form == PictureForm()
    read = form.read(path)
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - expected).max() <= 2  # stretched where the brightest is not the largest
    assert found_by_check(root) == []


@pytest.mark.parametrize("names", ["b", "abc"])
@pytest.mark.parametrize("kind", NEVER)
def test_what_no_photo_can_be_made_of_is_found_before_training(root, kind, names):
    path = exchange(root, NEVER[kind], *names)
    (root / "dataset.yaml").write_text("names: [a, b]\ndepth: 8\n")
    with pytest.raises(DataError, match=rf"{path}.*asks for depth: 8"):
        check_data(open_data(root))
    with pytest.raises(ImageError, match=f"{path}: holds"):
        PictureForm().read(path)
    assert found_by_check(root) == ["mixed-bands"]


def test_depth_8_with_other_channels_than_grey_or_rgb_is_refused(root):
    for channels in (2, 4):
        (root / "dataset.yaml").write_text(f"names: [a, b]\ndepth: 8\nchannels: {channels}\n")
        with pytest.raises(DataError, match=rf"dataset\.yaml: channels is {channels}, but depth: 8 reads"):
            open_data(root)
    (root / "dataset.yaml").write_text("names: [a, b]\ndepth: 8\nchannels: 1\n")
    assert check_data(open_data(root)) == PictureForm(1)
