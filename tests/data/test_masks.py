import numpy as np
import pytest
from palette_pictures import palette_picture
from PIL import Image

from pixelwise.data.masks import MaskCodec, read_mask, read_mask_values
from pixelwise.errors import ImageError

RED, GREEN, BLUE, BLACK, WHITE = 0xFF0000, 0x00FF00, 0x0000FF, 0, 0xFFFFFF
IDS = MaskCodec({0: 0, 1: 1, 7: 2, 255: 255})
COLORS = MaskCodec({BLACK: 0, RED: 1, GREEN: 2, WHITE: 255}, by_color=True)

VALUES = [[0, 1, 7], [255, 7, 0]]
EXPECTED = [[0, 1, 2], [255, 2, 0]]
COLOR_VALUES = [[[0, 0, 0], [255, 0, 0]], [[0, 255, 0], [255, 255, 255]]]
COLOR_EXPECTED = [[0, 1], [2, 255]]


def as_mask(path, codec):
    mask = read_mask(path, codec)
    assert mask.dtype == np.uint8
    return mask.tolist()


@pytest.mark.parametrize(
    "pixels",
    [
        np.array(VALUES, np.uint8),
        np.array(VALUES, np.uint16),
        np.array(VALUES, np.int32),
        np.array(VALUES, np.float32),
        np.stack([np.array(VALUES, np.uint8)] * 3, axis=-1),
        np.stack([np.array(VALUES, np.uint8)] * 4, axis=-1),
    ],
    ids=["8 bit", "16 bit", "32 bit", "float", "grey rgb", "grey rgba"],
)
def test_ids_of_every_number_type_become_class_ids(put, pixels):
    assert as_mask(put("m.tif", pixels), IDS) == EXPECTED


def test_indices_of_a_palette_are_ids(put):
    picture = palette_picture([[0, 1], [7, 255]], [(9, 9, 9)] * 256)
    assert as_mask(put("m.png", picture), IDS) == [[0, 1], [2, 255]]


def test_a_grey_mask_with_alpha_keeps_its_ids(put):
    assert as_mask(put("m.png", Image.fromarray(np.array([[[1, 0], [7, 9]]], np.uint8), "LA")), IDS) == [
        [1, 2]
    ]


def test_one_bit_masks_hold_0_and_1(put):
    assert as_mask(put("m.png", np.array([[False, True]])), MaskCodec({0: 0, 1: 1})) == [[0, 1]]


def test_ids_above_255_are_ids_too(put):
    codec = MaskCodec({0: 0, 300: 1, 65535: 255})
    assert as_mask(put("m.png", np.array([[0, 300, 65535]], np.uint16)), codec) == [[0, 1, 255]]


def test_values_below_0_can_be_ignored(put):
    codec = MaskCodec({0: 0, 1: 1, -1: 255})
    assert as_mask(put("m.tif", np.array([[0, 1, -1]], np.int32)), codec) == [[0, 1, 255]]
    with pytest.raises(ImageError, match="value 255 in 1 pixels is no class"):
        read_mask(put("m.png", np.array([[0, 1, 255]], np.uint8)), codec)


@pytest.mark.parametrize("alpha", [False, True])
def test_colours_become_class_ids_whatever_alpha_says(put, alpha):
    pixels = np.array(COLOR_VALUES, np.uint8)
    if alpha:
        pixels = np.dstack([pixels, np.array([[0, 255], [9, 0]], np.uint8)])
    assert as_mask(put("m.png", pixels), COLORS) == COLOR_EXPECTED


def test_colours_saved_with_a_palette_are_read_by_colour(put):
    picture = palette_picture([[2, 1], [0, 3]], [(0, 255, 0), (255, 0, 0), (0, 0, 0), (255, 255, 255)])
    assert as_mask(put("m.png", picture), COLORS) == COLOR_EXPECTED


@pytest.mark.parametrize("pixels", [np.array([[0, 255]], np.uint8), np.array([[False, True]])])
def test_black_and_white_pictures_are_colours_too(put, pixels):
    assert as_mask(put("m.png", pixels), COLORS) == [[0, 255]]


def test_many_colours_are_found_like_a_dictionary_finds_them(put):
    rng = np.random.default_rng(0)
    colors = np.unique(rng.integers(0, 256, (60, 3)), axis=0)
    choice = rng.integers(0, len(colors), (20, 30))
    packed = [int(red) << 16 | int(green) << 8 | int(blue) for red, green, blue in colors]
    codec = MaskCodec({value: id_ for id_, value in enumerate(packed)}, by_color=True)
    mask = read_mask(put("m.png", colors[choice].astype(np.uint8)), codec)
    np.testing.assert_array_equal(mask, choice)


def test_exif_orientation_of_a_mask_is_respected(put):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert as_mask(put("m.png", np.array([[0, 1], [7, 255]], np.uint8), exif=exif), IDS) == [[2, 0], [255, 1]]


@pytest.mark.parametrize(
    ("pixels", "codec", "words"),
    [
        (np.full((2, 3), 12, np.uint8), IDS, "value 12 in 6 pixels is no class and not ignored"),
        (np.full((2, 3), 12, np.uint8), IDS, "expected the classes 0, 1, 7 or the ignored 255"),
        (np.full((2, 3), 12, np.uint8), IDS, "name the value in dataset.yaml"),
        (np.full((2, 3), 1000, np.uint16), IDS, "value 1000 in 6 pixels"),
        (np.full((2, 3), -1, np.int32), IDS, "value -1 in 6 pixels"),
        (np.full((2, 3), -1, np.int32), IDS, "or write  ignore: [-1, 255]  in dataset.yaml"),
        (np.full((2, 3), 0.5, np.float32), IDS, "holds fractions, expected whole numbers"),
        (np.full((2, 3), np.nan, np.float32), IDS, "holds fractions, expected whole numbers"),
        (np.full((2, 3, 3), (1, 2, 3), np.uint8), IDS, "is a colour picture, expected one number a pixel"),
        (np.full((2, 3, 3), (1, 2, 3), np.uint8), COLORS, "colour #010203 in 6 pixels is no class"),
        (np.full((2, 3, 3), (1, 2, 3), np.uint8), COLORS, "the classes #000000, #00ff00, #ff0000 or"),
        (np.full((2, 3), 300, np.uint16), COLORS, "holds numbers beyond 255, expected colours"),
    ],
)
def test_a_mask_that_does_not_fit_is_named_with_what_was_expected(put, pixels, codec, words):
    path = put("m.tif", pixels)
    with pytest.raises(ImageError) as error:
        read_mask(path, codec)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_of_ids_is_named_by_its_ends(put):
    codec = MaskCodec({value: value for value in range(11)} | {11: 255})
    with pytest.raises(ImageError, match=r"expected the classes 0 to 10 or the ignored 11:"):
        read_mask(put("m.png", np.array([[40]], np.uint8)), codec)


def test_jpeg_masks_are_known_to_be_lossy(put):
    assert read_mask_values(put("m.jpg", np.zeros((8, 8), np.uint8))).lossy
    assert not read_mask_values(put("m.png", np.zeros((8, 8), np.uint8))).lossy


def test_a_broken_mask_is_an_image_error(tmp_path):
    (tmp_path / "m.png").write_bytes(b"")
    with pytest.raises(ImageError, match="is empty"):
        read_mask(tmp_path / "m.png", IDS)
