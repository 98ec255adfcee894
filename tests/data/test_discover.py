import numpy as np
import pytest
from palette_pictures import palette_picture

from pixelwise.data.folder import open_data
from pixelwise.errors import DataError
from pixelwise.labels import default_palette


def test_ids_up_to_the_largest_are_classes_and_255_is_ignored(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1, 255]])
    put_pair("val", "b", [[0, 3, 3]])
    data = open_data(tmp_path)
    assert data.labels.class_names == ("class_0", "class_1", "class_2", "class_3")
    assert data.labels.palette == default_palette(4)
    assert data.codec.ids == {0: 0, 1: 1, 2: 2, 3: 3, 255: 255}
    assert not data.codec.by_color
    assert data.notes == (
        "no dataset.yaml: values 0 to 3 in the masks are taken for classes; 1 of them occur in no mask; "
        "value 255 is ignored",
    )


def test_0_and_255_alone_are_background_and_object(put_pair, tmp_path):
    put_pair("train", "a", [[0, 255]])
    data = open_data(tmp_path)
    assert data.labels.class_names == ("background", "object")
    assert data.codec.ids == {0: 0, 255: 1}
    assert "two classes background and object" in data.notes[0]
    assert data.notes[1] == "values 0, 255 in the masks are ids 0 to 1 in the model and its masks"


def test_white_on_black_saved_as_rgb_is_background_and_object_too(put_pair, tmp_path):
    put_pair("train", "a", [[[0, 0, 0], [255, 255, 255]]])
    data = open_data(tmp_path)
    assert data.labels.class_names == ("background", "object")
    assert data.codec.ids == {0: 0, 255: 1}


def test_ids_saved_as_rgb_are_ids(put_pair, tmp_path):
    put_pair("train", "a", [[[0, 0, 0], [1, 1, 1]]])
    put_pair("train", "b", [[0, 2]])
    assert open_data(tmp_path).codec.ids == {0: 0, 1: 1, 2: 2, 255: 255}


def test_values_far_apart_are_the_classes_themselves(put_pair, tmp_path):
    put_pair("train", "a", [[0, 100, 200]])
    data = open_data(tmp_path)
    assert data.labels.class_names == ("class_0", "class_100", "class_200")
    assert data.codec.ids == {0: 0, 100: 1, 200: 2, 255: 255}
    assert "values 0, 100, 200 in the masks are taken for classes and become ids 0 to 2" in data.notes[0]


def test_values_below_0_are_ignored_and_no_missing_classes(put, tmp_path):
    for split in ("train", "val"):
        put(f"{split}/images/a.png", np.full((1, 3, 3), 90, np.uint8))
        put(f"{split}/masks/a.tif", np.array([[-1, 0, 2]], np.int32))
    data = open_data(tmp_path)
    assert data.codec.ids == {-1: 255, 0: 0, 1: 1, 2: 2, 255: 255}
    assert data.notes == (
        "no dataset.yaml: values 0 to 2 in the masks are taken for classes; 1 of them occur in no mask; "
        "value -1 is ignored",
    )


def test_0_and_255_are_two_classes_beside_a_void_below_0_too(put, tmp_path):
    put("train/images/a.png", np.full((1, 3, 3), 90, np.uint8))
    put("train/masks/a.tif", np.array([[-1, 0, 255]], np.int32))
    data = open_data(tmp_path)
    assert data.codec.ids == {-1: 255, 0: 0, 255: 1}
    assert data.labels.class_names == ("background", "object")


def test_255_is_ignored_beside_values_beyond_it_too(put, put_pair, tmp_path):
    put_pair("train", "a", [[0, 255]])
    put("train/masks/a.png", np.array([[0, 255, 1000]], np.uint16))
    data = open_data(tmp_path)
    assert data.codec.ids == {0: 0, 1000: 1, 255: 255}
    assert "value 255 is ignored" in data.notes[0]


def test_colours_are_classes_in_the_order_of_their_numbers(put_pair, tmp_path):
    put_pair("train", "a", [[[255, 0, 0], [0, 0, 0]]])
    put_pair("val", "b", [[[0, 255, 0], [0, 0, 0]]])
    data = open_data(tmp_path)
    assert data.labels.class_names == ("#000000", "#00ff00", "#ff0000")
    assert data.labels.palette == ((0, 0, 0), (0, 255, 0), (255, 0, 0))
    assert data.codec.ids == {0: 0, 0x00FF00: 1, 0xFF0000: 2}
    assert "each of the 3 colours is taken for a class and none is ignored" in data.notes[0]


def test_an_all_black_grey_mask_may_stand_among_colour_masks(put_pair, tmp_path):
    put_pair("train", "a", [[[255, 0, 0], [0, 0, 0]]])
    put_pair("train", "b", [[0, 0]])
    assert open_data(tmp_path).codec.ids == {0: 0, 0xFF0000: 1}


def test_camvid_is_recognised_by_its_names(put_pair, tmp_path):
    put_pair("train", "0001TP_006690", [[0, 11]])
    put_pair("val", "0016E5_07959", [[4, 10]])
    data = open_data(tmp_path)
    assert data.labels.class_names[4] == "pavement"
    assert data.codec.ids[11] == 255
    assert "CamVid" in data.notes[0]
    assert "value 11 in the masks is void and ignored" in data.notes[0]


def smooth_edges():
    """A 0/255 mask whose edge was smoothed: every value occurs."""
    return np.tile(np.arange(256, dtype=np.uint8), (4, 1))


def many_colors(number):
    values = np.arange(number)
    return np.stack([values, values // 2, 255 - values], axis=-1).astype(np.uint8)[None]


REFUSED = [
    (smooth_edges(), "png", "0, 255 and 254 values between", "soft (anti-aliased) edges of 0/255 masks"),
    (many_colors(65), "png", "hold 65 colours or more", "anti-aliased"),
    (np.full((8, 8), 255, np.uint8), "png", "nothing but 255", "write dataset.yaml"),
    (np.arange(300, dtype=np.uint16)[None], "png", "299 different values", "ids of instances"),
    (np.full((8, 8), 3, np.uint8), "jpg", "is a JPEG", "save masks as PNG from their source"),
    (np.full((8, 8, 3), (200, 0, 0), np.uint8), "jpg", "is a JPEG", "save masks as PNG from their source"),
]


@pytest.mark.parametrize(("mask", "suffix", "found", "mend"), REFUSED)
def test_masks_that_cannot_be_class_masks_are_refused(put, tmp_path, mask, suffix, found, mend):
    put("train/images/a.png", np.zeros((*mask.shape[:2], 3), np.uint8))
    path = put(f"train/masks/a.{suffix}", mask)
    with pytest.raises(DataError) as error:
        open_data(tmp_path)
    text = str(error.value)
    assert text.startswith(f"{tmp_path}: ")
    assert found in text
    assert mend in text
    assert "\n" not in text
    assert str(path) in text or "nothing but 255" in text


def test_64_colours_are_still_believed(put, tmp_path):
    mask = many_colors(64)
    put("train/images/a.png", np.zeros_like(mask))
    put("train/masks/a.png", mask)
    assert open_data(tmp_path).labels.num_classes == 64


def test_a_jpeg_of_black_and_white_alone_is_believed(put, tmp_path):
    mask = np.repeat(np.array([[0, 255]], np.uint8), 16, axis=1).repeat(16, axis=0)
    put("train/images/a.png", np.zeros((16, 32, 3), np.uint8))
    put("train/masks/a.jpg", mask, quality=100)
    assert open_data(tmp_path).labels.class_names == ("background", "object")


def test_ids_among_colours_are_refused(put_pair, tmp_path):
    ids = put_pair("train", "a", [[0, 3]])
    colors = put_pair("train", "b", [[[255, 0, 0], [0, 0, 0]]])
    with pytest.raises(DataError) as error:
        open_data(tmp_path)
    assert f"{ids} holds ids, but {colors} holds colours: save all masks in one way" in str(error.value)


def test_ids_among_palettes_that_disagree_are_refused(put_pair, tmp_path):
    red, blue, black = (255, 0, 0), (0, 0, 255), (0, 0, 0)
    ids = put_pair("train", "a", [[0, 3]])
    colors = put_pair("train", "b", palette_picture([[0, 1]], [black, red]))
    put_pair("train", "c", palette_picture([[0, 1]], [blue, black]))
    with pytest.raises(DataError) as error:
        open_data(tmp_path)
    assert f"{ids} holds ids, but {colors} holds colours" in str(error.value)


def test_unreadable_masks_are_left_out_of_the_count_and_noted(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1]])
    broken = put_pair("train", "b", [[0, 5]])
    broken.write_bytes(b"")
    data = open_data(tmp_path)
    assert data.labels.num_classes == 2
    assert data.notes[-1].startswith(
        f"1 of 2 masks cannot be read and are left out; the first: {broken}: is empty"
    )


def test_only_unreadable_masks_are_an_error(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1]]).write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"none of the 1 masks can be read; the first: .*a\.png"):
        open_data(tmp_path)


def test_pictures_are_not_opened(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1]])
    (tmp_path / "train/images/a.png").write_bytes(b"")
    assert open_data(tmp_path).labels.num_classes == 2


def test_progress_counts_the_masks(put_pair, tmp_path):
    for name in "abc":
        put_pair("train", name, [[0, 1]])
    calls = []
    open_data(tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
