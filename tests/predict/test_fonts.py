import numpy as np
import pytest
from PIL import ImageFont

from pixelwise.predict import fonts, render
from pixelwise.predict.fonts import find_font, missing_letters
from pixelwise.predict.render import ClassShare, legend

NAMES = ("Straße", "Gebäude", "forêt", "árbol", "дорога", "δρόμος")


@pytest.mark.parametrize("name", NAMES)
def test_letters_of_european_names_are_drawn_and_no_boxes(name):
    assert missing_letters(name, ImageFont.load_default(20))
    assert not missing_letters(name, find_font(name, 20))


def test_ascii_is_drawn_with_pillows_own_font_on_every_machine():
    assert find_font("road, sky … 99.9 %", 20).getname() == ImageFont.load_default(20).getname()


def test_without_another_font_ids_stand_before_names_that_cannot_be_read(monkeypatch):
    monkeypatch.setattr(fonts, "other_fonts", lambda: ())
    drawn = []
    monkeypatch.setattr(render.ImageDraw.ImageDraw, "text", lambda self, at, text, **how: drawn.append(text))
    legend([ClassShare(3, "Straße", (200, 0, 0), 0.5), ClassShare(0, "road", (0, 0, 0), 0.5)], 400, 14)
    assert drawn == ["3: Straße  50.0 %", "road  50.0 %"]


def test_names_that_differ_in_letters_beyond_ascii_look_different():
    one, two = (np.asarray(legend([ClassShare(0, name, (200, 0, 0), 1)], 400, 20)) for name in ("ö", "ä"))
    assert (one != two).any()
