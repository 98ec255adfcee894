"""The picture of a confusion matrix, read back from its pixels."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels import Labels
from pixelwise.metrics import Scores
from pixelwise.report.confusion import ABSENT, confusion_picture


def draw(confusion, path, names=None):
    number = len(confusion)
    labels = Labels(names, Labels.numbered(number).palette) if names else Labels.numbered(number)
    confusion_picture(Scores.from_confusion(np.array(confusion)), labels, path)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def share_of(picture, color):
    return (picture == np.array(color)).all(axis=-1).mean()


def test_the_row_of_an_absent_class_is_grey(tmp_path):
    grey = tuple(bytes.fromhex(ABSENT[1:]))
    full = draw([[9, 1], [2, 8]], tmp_path / "full.png")
    absent = draw([[9, 1], [0, 0]], tmp_path / "absent.png")
    assert share_of(full, grey) < 0.001  # a few pixels of letters
    assert share_of(absent, grey) > 0.05


def test_rows_are_shares_so_that_rare_classes_show_as_frequent_ones_do(tmp_path):
    rare = draw([[90_000, 10_000], [2, 8]], tmp_path / "a.png", ("a", "b"))
    frequent = draw([[9, 1], [2_000, 8_000]], tmp_path / "b.png", ("a", "b"))
    heading = 90  # pixels of the lines that tell the scores, which do differ
    assert (rare[heading:] == frequent[heading:]).all()


def test_a_right_class_is_darker_than_a_wrong_one(tmp_path):
    right = draw([[1, 0], [0, 1]], tmp_path / "right.png")
    wrong = draw([[1, 0], [1, 0]], tmp_path / "wrong.png")
    height, width = right.shape[:2]
    corner = (slice(height // 3, int(height * 0.7)), slice(int(width * 0.65), width))
    assert right[corner].mean() < wrong[corner].mean()


@pytest.mark.parametrize("number", [1, 2, 20, 21, 60])
def test_any_number_of_classes_is_drawn(number, tmp_path):
    picture = draw(np.eye(number, dtype=int) * 5 + 1, tmp_path / "picture.png")
    assert picture.std() > 5
    assert max(picture.shape) < 4000


def test_names_are_drawn_whole_however_long(tmp_path):
    picture = draw([[1, 0], [0, 1]], tmp_path / "picture.png", ("a" * 40, "b" * 40))
    white = (picture == 255).all(axis=-1)
    assert white[:, :3].all()
    assert white[-3:].all()


def test_dollars_in_names_are_letters(tmp_path):
    draw([[1, 0], [0, 1]], tmp_path / "picture.png", (r"$\bad$", "$x$"))


def test_an_empty_matrix_is_drawn_without_a_score(tmp_path):
    assert draw([[0, 0], [0, 0]], tmp_path / "picture.png").std() > 5
