import numpy as np
import pytest
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.errors import DataError

NAMES = "names: {0: road, 1: car, 2: bus, 3: sky, 9: rail}\ncolors: {2: [1, 2, 3]}\n"


@pytest.fixture
def opened(put_pair, tmp_path):
    put_pair("train", "a", [[0, 1, 2, 3, 9, 255]])
    put_pair("val", "a", [[0, 1, 2, 3, 9, 255]])

    def with_choices(text, names=NAMES):
        (tmp_path / "dataset.yaml").write_text(names + text)
        data = open_data(tmp_path)
        check_data(data)
        return data.labels, read_mask(data.split("train")[0].mask, data.codec)[0].tolist()

    return with_choices


@pytest.mark.parametrize(
    ("text", "names", "ids"),
    [
        ("merge: {vehicle: [car, bus]}", ("road", "vehicle", "sky", "rail"), [0, 1, 1, 2, 3, 255]),
        ("merge: {road: [road, rail]}", ("road", "car", "bus", "sky"), [0, 1, 2, 3, 0, 255]),
        ("merge: {vehicle: [1, 2]}", ("road", "vehicle", "sky", "rail"), [0, 1, 1, 2, 3, 255]),
        ("drop: [sky, 9]", ("road", "car", "bus"), [0, 1, 2, 255, 255, 255]),
        ("drop: sky", ("road", "car", "bus", "rail"), [0, 1, 2, 255, 3, 255]),
        ("drop: 0", ("car", "bus", "sky", "rail"), [255, 0, 1, 2, 3, 255]),
        ("merge: {street: 0}", ("street", "car", "bus", "sky", "rail"), [0, 1, 2, 3, 4, 255]),
        ("rename: {car: auto}", ("road", "auto", "bus", "sky", "rail"), [0, 1, 2, 3, 4, 255]),
        ("rename: {car: bus, bus: car}", ("road", "bus", "car", "sky", "rail"), [0, 1, 2, 3, 4, 255]),
        ("merge: {x: [rail, car]}\ndrop: sky\nrename: {road: y}", ("y", "x", "bus"), [0, 1, 2, 255, 1, 255]),
        (
            "merge: {object: [car, bus, sky, rail]}\nrename: {road: background}",
            ("background", "object"),
            [0, 1, 1, 1, 1, 255],
        ),
    ],
)
def test_classes_are_merged_dropped_and_renamed(opened, text, names, ids):
    labels, mask = opened(text)
    assert labels.class_names == names
    assert mask == ids


def test_a_merged_class_keeps_the_first_colour_that_is_given(opened):
    assert opened("merge: {vehicle: [car, bus]}")[0].palette[1] == (1, 2, 3)


def test_classes_that_were_found_in_the_masks_can_be_remapped_too(opened):
    labels, mask = opened("merge: {x: [class_1, class_2]}\ndrop: class_9\n", names="")
    assert labels.class_names[:3] == ("class_0", "x", "class_3")
    assert mask == [0, 1, 1, 2, 255, 255]


def test_what_is_ignored_takes_no_part_where_the_masks_tell_the_classes(opened):
    labels, mask = opened("ignore: [9, 255]\nmerge: {x: [class_1, class_2]}\n", names="")
    assert "class_9" not in labels.class_names
    assert mask == [0, 1, 1, 2, 255, 255]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("drop: [skye]", "drop: there is no class 'skye'; did you mean 'sky'?"),
        ("drop: [77]", "drop: there is no class 77; expected road, car"),
        ("merge: {x: [car], y: [car]}", "class 'car' stands more than once"),
        ("merge: {sky: [car, bus]}", "the new name 'sky' is taken"),
        ("rename: {car: sky}", "the new name 'sky' is taken"),
        ("drop: [road, car, bus, sky, rail]", "leaves no class"),
        ("merge: [car, bus]", "merge is"),
        ("rename: {car: 3}", "rename: 'car' becomes 3"),
        ("drop: [[car]]", "drop: found"),
        ("overlap: largest", "overlap is 'largest', expected later or small-over-large"),
        ("uncovered: maybe", "uncovered is 'maybe', expected background or ignore"),
    ],
)
def test_what_cannot_be_done_is_an_error_that_names_the_file(opened, tmp_path, text, told):
    with pytest.raises(DataError) as error:
        opened(text)
    assert str(error.value).startswith(f"{tmp_path / 'dataset.yaml'}: ")
    assert told in str(error.value)


def test_colour_masks_are_remapped_by_the_same_words(put, tmp_path):
    colors = np.array([[[0, 0, 0], [9, 0, 0], [0, 9, 0]]], np.uint8)
    put("train/images/a.png", colors)
    put("train/masks/a.png", Image.fromarray(colors))
    text = (
        "names: [a, b, c]\ncolors: {0: [0, 0, 0], 1: [9, 0, 0], 2: [0, 9, 0]}\nmerge: {ab: [a, b]}\ndrop: c\n"
    )
    (tmp_path / "dataset.yaml").write_text(text)
    data = open_data(tmp_path)
    assert data.labels.class_names == ("ab",)
    assert read_mask(data.split("train")[0].mask, data.codec).tolist() == [[0, 0, 255]]
