"""Class names, colours and the ignored id."""

import json

import numpy as np
import pytest

from pixelwise.errors import ConfigError
from pixelwise.labels import Labels, as_color, default_palette

PETS = Labels(("ground", "cat"), ((10, 20, 30), (220, 20, 60)), ignore_color=(1, 2, 3))


def test_a_mask_is_painted_in_the_palette_and_the_rest_in_the_ignore_color():
    mask = np.array([[0, 1], [255, 7]], np.uint8)
    painted = PETS.colorize(mask)
    assert painted.dtype == np.uint8
    assert painted.tolist() == [[[10, 20, 30], [220, 20, 60]], [[1, 2, 3], [1, 2, 3]]]


def test_labels_survive_json():
    assert Labels.from_dict(json.loads(json.dumps(PETS.to_dict()))) == PETS


@pytest.mark.parametrize("missing", ["class_names", "palette", "ignore_index", "ignore_color"])
def test_incomplete_labels_are_refused(missing):
    values = PETS.to_dict()
    del values[missing]
    with pytest.raises(ConfigError, match=missing):
        Labels.from_dict(values)


@pytest.mark.parametrize(
    ("names", "palette", "ignore_index", "message"),
    [
        ((), (), 255, "found 0 classes"),
        (tuple(map(str, range(256))), ((0, 0, 0),) * 256, 255, "found 256 classes"),
        (("a", "b"), ((0, 0, 0),), 255, "1 colours for 2 classes"),
        (("a", "b", "a"), ((0, 0, 0),) * 3, 255, "found twice: a"),
        (("a", "b"), ((0, 0, 0),) * 2, 1, "ignore_index is 1, expected 2 to 255"),
        (("a", "b"), ((0, 0, 0),) * 2, 256, "ignore_index is 256, expected 2 to 255"),
    ],
)
def test_labels_that_cannot_be_are_refused(names, palette, ignore_index, message):
    with pytest.raises(ConfigError, match=message):
        Labels(names, palette, ignore_index)


def test_255_classes_leave_255_to_be_ignored():
    assert Labels.numbered(255).num_classes == 255


@pytest.mark.parametrize(
    ("value", "color"),
    [
        ([0, 128, 255], (0, 128, 255)),
        ((1, 2, 3), (1, 2, 3)),
        ("#0080ff", (0, 128, 255)),
        ("#FFFFFF", (255,) * 3),
    ],
)
def test_a_color_is_three_numbers_or_hex(value, color):
    assert as_color(value) == color


@pytest.mark.parametrize(
    "value", [[0, 0], [0, 0, 0, 0], [0, 0, 256], [-1, 0, 0], [0.5, 0, 0], "#12345", "#12345g", "red", None, 7]
)
def test_what_is_no_color_is_refused(value):
    with pytest.raises(ConfigError, match="expected"):
        as_color(value)


@pytest.mark.parametrize("num_classes", [1, 2, 21, 64, 255])
def test_default_colors_all_differ_and_stay_the_same_when_classes_are_added(num_classes):
    palette = default_palette(num_classes)
    assert len(set(palette)) == num_classes
    assert default_palette(255)[:num_classes] == palette


def test_default_colors_of_neighbours_are_far_apart():
    palette = np.array(default_palette(30), float)
    assert np.linalg.norm(np.diff(palette, axis=0), axis=1).min() > 80
