import contextlib
import os

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.image import MAX_PIXELS, read_image, read_size, to_rgb, verify_image
from pixelwise.errors import ImageError

RGB = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[0, 0, 0], [90, 90, 90], [255, 255, 255]]], np.uint8
)
GREY = np.array([[0, 60, 120], [180, 240, 255]], np.uint8)


def grey_as_rgb(values):
    return np.stack([np.asarray(values, np.uint8)] * 3, axis=-1)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "ppm", "PNG", "Tif"])
def test_lossless_files_come_back_as_they_were(put, suffix):
    np.testing.assert_array_equal(read_image(put(f"a.{suffix}", RGB)), RGB)


def test_webp_without_loss_comes_back_as_it_was(put):
    np.testing.assert_array_equal(read_image(put("a.webp", RGB, lossless=True)), RGB)


def test_a_jpeg_of_one_colour_keeps_it_nearly(put):
    path = put("a.jpg", np.full((16, 16, 3), (200, 30, 60), np.uint8))
    assert abs(read_image(path).astype(int) - (200, 30, 60)).max() <= 3


def test_a_path_may_be_text(put):
    np.testing.assert_array_equal(read_image(str(put("a.png", RGB))), RGB)


@pytest.mark.parametrize(
    ("mode", "pixels", "expected"),
    [
        ("L", GREY, grey_as_rgb(GREY)),
        ("1", np.array([[0, 255, 0]], np.uint8), grey_as_rgb([[0, 255, 0]])),
        ("RGBA", np.dstack([RGB, np.zeros((2, 3), np.uint8)]), RGB),
        ("LA", np.dstack([GREY, np.full((2, 3), 7, np.uint8)]), grey_as_rgb(GREY)),
    ],
)
def test_modes_become_rgb_and_alpha_is_dropped(put, mode, pixels, expected):
    picture = Image.fromarray(pixels).convert(mode) if mode == "1" else Image.fromarray(pixels, mode)
    path = put("a.png", picture)
    with Image.open(path) as reopened:
        assert reopened.mode == mode
    np.testing.assert_array_equal(read_image(path), expected)


def test_a_cmyk_jpeg_becomes_rgb(put):
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red
    assert abs(read_image(put("a.jpg", picture)).astype(int) - (255, 0, 0)).max() <= 4


@pytest.mark.parametrize("transparency", [None, 1, b"\x00\x80\xff"], ids=["none", "one index", "by index"])
def test_a_palette_becomes_its_colours_whatever_is_transparent(put, transparency):
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    how = {} if transparency is None else {"transparency": transparency}
    expected = np.array([[[10, 20, 30], [40, 50, 60], [70, 80, 90]]])
    np.testing.assert_array_equal(read_image(put("a.png", picture, **how)), expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 255, 256, 65535]], [[0, 0, 1, 255]]),  # 16 bits are used: the upper 8 are kept
        ([[0, 3, 255]], [[0, 3, 255]]),  # they hold 8 bits
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_is_scaled_when_its_range_is_used(put, values, expected, suffix):
    path = put(f"a.{suffix}", np.array(values, np.uint16))
    np.testing.assert_array_equal(read_image(path), grey_as_rgb(expected))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 0.5, 1]], [[0, 128, 255]]),  # 127.5 rounds to even
        ([[0, 10.4, 255]], [[0, 10, 255]]),
        ([[-1, 0, 1]], [[0, 128, 255]]),  # stretched
        ([[0, 1000, 2000]], [[0, 128, 255]]),
        ([[np.nan, 0, 1]], [[0, 0, 255]]),
        ([[np.inf, 0, 1]], [[0, 0, 255]]),
        ([[-5, -5, -5]], [[0, 0, 0]]),
    ],
)
def test_floats_are_scaled_by_their_range(put, values, expected):
    path = put("a.tif", np.array(values, np.float32))
    np.testing.assert_array_equal(read_image(path), grey_as_rgb(expected))


@pytest.mark.parametrize(
    ("values", "expected"),
    [([[0, 7, 255]], [[0, 7, 255]]), ([[0, 512, 65535]], [[0, 2, 255]]), ([[-100, 0, 100]], [[0, 128, 255]])],
)
def test_32_bit_integers_are_scaled_by_their_range(put, values, expected):
    path = put("a.tif", np.array(values, np.int32))
    np.testing.assert_array_equal(read_image(path), grey_as_rgb(expected))


def turned(pixels, orientation):
    """Return what a viewer shows, from the EXIF standard's words for each orientation."""
    rows_then_columns = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: pixels.swapaxes(0, 1)[:, ::-1],
        7: pixels.swapaxes(0, 1)[::-1, ::-1],
        8: pixels.swapaxes(0, 1)[::-1],
    }
    return rows_then_columns[orientation]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_exif_orientation_is_respected_once(put, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = put(f"a.{suffix}", RGB, exif=exif, **({"lossless": True} if suffix == "webp" else {}))
    expected = turned(RGB, orientation)
    np.testing.assert_array_equal(read_image(path), expected)
    assert read_size(path) == verify_image(path) == expected.shape[:2]


def test_exif_orientation_of_a_jpeg_is_respected(put):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = put("a.jpg", np.zeros((40, 24, 3), np.uint8), exif=exif)
    assert read_image(path).shape == (24, 40, 3)
    assert read_size(path) == verify_image(path) == (24, 40)


def test_damaged_exif_leaves_the_picture_as_it_is(put):
    path = put("a.png", RGB, exif=b"Exif\x00\x00II*\x00\xff\xff\xff")
    np.testing.assert_array_equal(read_image(path), RGB)


def test_the_first_frame_of_an_animation_is_taken(put):
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "lime")]
    path = put("a.gif", frames[0], save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(path), np.full((3, 4, 3), (255, 0, 0)))


def test_a_single_pixel_is_a_picture(put):
    assert read_image(put("a.png", RGB[:1, :1])).tolist() == [[[255, 0, 0]]]


def test_pictures_in_memory_are_turned_upright_as_well(put):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(put("a.png", RGB, exif=exif)) as picture:
        np.testing.assert_array_equal(to_rgb(picture), turned(RGB, 6))


def test_the_suffix_does_not_matter_for_reading(put, tmp_path):
    path = put("a.png", RGB).rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_image(path), RGB)


READERS = [read_image, verify_image]


@pytest.mark.parametrize("read", [*READERS, read_size])
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty (0 bytes)"), (b"hello, I am a text", "is no picture"), (b"\x89PNG\r\n\x1a\n", "")],
)
def test_what_is_no_picture_is_named(tmp_path, read, content, words):
    path = tmp_path / "odd name.png"
    path.write_bytes(content)
    with pytest.raises(ImageError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "webp", "gif", "ppm"])
def test_a_file_cut_short_is_damaged(put, read, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    path = put(f"a.{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(ImageError, match="is damaged") as error:
        read(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "bmp", "webp"])
def test_flipped_bytes_never_end_in_anything_but_a_picture_or_an_image_error(put, suffix):
    rng = np.random.default_rng(1)
    path = put(f"a.{suffix}", rng.integers(0, 256, (20, 30, 3), np.uint8))
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(60):
        broken = whole.copy()
        broken[rng.integers(0, min(len(broken), 400), 4)] = rng.integers(0, 256, 4)
        path.write_bytes(broken.tobytes())
        with contextlib.suppress(ImageError):
            assert read_image(path).shape[2] == 3


@pytest.mark.parametrize("read", [*READERS, read_size])
def test_a_missing_file_a_folder_and_a_pipe_are_named(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("gone.png")
    linked = ("link.png", "is a link to gone.png, which is missing")
    for name, words in (
        linked,
        ("none.png", "no such file"),
        ("", "is a folder"),
        ("pipe.png", "is no plain file"),
    ):
        with pytest.raises(ImageError, match=words) as error:
            read(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name))


def test_a_file_that_may_not_be_read_is_named(put, monkeypatch):
    path = put("a.png", RGB)

    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ImageError, match="you may not read it"):
        read_image(path)


@pytest.mark.parametrize("read", [*READERS, read_size])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(put, read):
    path = put("a.bmp", RGB)
    head = bytearray(path.read_bytes())
    head[18:22] = head[22:26] = (20_001).to_bytes(4, "little")
    path.write_bytes(head)
    with pytest.raises(ImageError, match=r"20001 x 20001 pixels, expected at most 400,000,000"):
        read(path)


def test_pillows_own_limit_of_pixels_is_left_alone(put, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)  # would refuse all but the smallest pictures
    np.testing.assert_array_equal(read_image(put("a.png", RGB)), RGB)
    assert Image.MAX_IMAGE_PIXELS == 2
    assert MAX_PIXELS > 2
