"""Class names in letters that matplotlib's own font lacks; warnings, which it gives then, are errors here."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from pixelwise.labels import Labels
from pixelwise.metrics import Scores
from pixelwise.report import lettering
from pixelwise.report.confusion import confusion_picture
from pixelwise.report.lettering import Lettering, letters_wide
from pixelwise.report.rows import example_row

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
HOOK = "\u1d81"
"""A d with a hook, which DejaVu lacks and STIXGeneral has."""


@pytest.fixture
def fonts(monkeypatch):
    """Say which fonts the system has."""

    def have(*paths):
        monkeypatch.setattr(lettering, "other_fonts", lambda: tuple(map(str, paths)))

    return have


def draw(names, path):
    """Return confusion matrix and example as arrays."""
    labels = Labels(names, ((200, 0, 0), (0, 0, 200)))
    mask = np.eye(8, dtype=np.uint8)
    confusion_picture(Scores.from_confusion(np.eye(2, dtype=int)), labels, path / "confusion.png")
    example_row(np.zeros((8, 8, 3), np.uint8), mask, mask, labels, path / "row.png", f"best: {names[0]}")
    return [np.asarray(Image.open(path / name)) for name in ("confusion.png", "row.png")]


def test_letters_that_no_font_has_are_boxes_behind_the_id_and_no_warnings(fonts, tmp_path):
    fonts()
    names = Lettering("道路", "road").names(("road", "道路"))
    assert names == ["road", "1: □□"]
    draw(("道路", "road"), tmp_path)


def test_letters_of_another_font_are_drawn_with_it(fonts, tmp_path):
    fonts()
    boxes = draw((HOOK, "road"), tmp_path)
    fonts(FONTS / "STIXGeneral.ttf")
    found = Lettering(HOOK, "road")
    assert found.families == ["DejaVu Sans", "STIXGeneral"]
    assert found.names(("road", HOOK)) == ["road", HOOK]
    for drawn, box in zip(draw((HOOK, "road"), tmp_path), boxes, strict=True):
        assert drawn.shape != box.shape or (drawn != box).any()


def test_names_in_letters_of_europe_need_no_other_font(fonts):
    fonts(FONTS / "STIXGeneral.ttf")
    assert Lettering("road", "дорога", "Straße").families == ["DejaVu Sans"]


def test_letters_of_east_asia_are_twice_as_wide():
    assert [letters_wide(text) for text in ("road", "道路", "a道")] == [4, 4, 3]
