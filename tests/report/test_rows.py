"""Picture, truth, prediction and error, side by side."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels import Labels
from pixelwise.report.rows import IGNORED, WRONG, error_picture, example_row

LABELS = Labels(
    ("ground", "cat", "dog"), ((10, 60, 60), (220, 20, 220), (0, 130, 200)), ignore_color=(9, 9, 9)
)


def test_errors_are_red_ignored_is_grey_and_the_rest_is_the_picture():
    picture = np.array([[[0, 0, 0], [255, 255, 255], [7, 7, 7], [7, 7, 7]]], np.uint8)
    truth = np.array([[0, 1, 1, 255]], np.uint8)
    prediction = np.array([[0, 1, 2, 2]], np.uint8)
    right_dark, right_light, wrong, ignored = error_picture(picture, truth, prediction, LABELS)[0].tolist()
    assert tuple(wrong) == WRONG
    assert tuple(ignored) == IGNORED
    assert len(set(right_dark)) == len(set(right_light)) == 1
    assert 150 < right_dark[0] < right_light[0] <= 255


def draw(size, path, title="a title"):
    random = np.random.default_rng(0)
    truth = np.zeros(size, np.uint8)
    truth[: size[0] // 2] = 1
    prediction = np.roll(truth, size[0] // 5, axis=0)
    example_row(random.integers(0, 256, (*size, 3), dtype=np.uint8), truth, prediction, LABELS, path, title)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_dollars_in_names_are_letters(tmp_path):
    labels = Labels((r"$\bad$", "$x$"), LABELS.palette[:2])
    mask = np.eye(8, dtype=np.uint8)
    example_row(np.zeros((8, 8, 3), np.uint8), mask, mask, labels, tmp_path / "row.png", r"$\bad$")
    assert (tmp_path / "row.png").stat().st_size > 1000


def test_the_colors_of_the_classes_that_are_there_are_seen(tmp_path):
    drawn = {tuple(color) for color in draw((60, 80), tmp_path / "row.png").reshape(-1, 3).tolist()}
    assert {LABELS.palette[0], LABELS.palette[1], WRONG} <= drawn
    assert LABELS.palette[2] not in drawn
    assert LABELS.ignore_color not in drawn


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (300, 20), (1500, 2000)])
def test_pictures_of_any_size_and_shape_become_a_row_of_sensible_size(size, tmp_path):
    height, width = draw(size, tmp_path / "row.png").shape[:2]
    assert 60 < height < 1000
    assert 600 < width < 2000


def test_the_four_pictures_keep_their_shape(tmp_path):
    row = draw((100, 100), tmp_path / "row.png")
    is_truth = (row == np.array(LABELS.palette[1])).all(axis=-1)
    rows, columns = np.nonzero(is_truth[:, row.shape[1] // 4 : row.shape[1] // 2])
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert width / height == pytest.approx(2, abs=0.1)  # class 1 is the upper half of a square
