import numpy as np
import pytest
from PIL import Image

from pixelwise.data.masks import indexed
from pixelwise.labels import Labels
from pixelwise.predict.render import blend, borders, class_shares, enlargement, grey, legend, overlay

LABELS = Labels(("road", "sky", "car"), ((200, 0, 0), (0, 200, 0), (0, 0, 200)))


def test_inside_an_area_picture_and_class_colour_are_mixed_half_and_half():
    picture = np.full((5, 5, 3), 100, np.uint8)
    mask = np.ones((5, 5), np.uint8)
    assert blend(picture, mask, LABELS)[2, 2].tolist() == [50, 150, 50]


def test_borders_lie_where_the_right_or_lower_neighbour_differs():
    mask = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 2]], np.uint8)
    assert borders(mask).astype(int).tolist() == [[0, 1, 0], [1, 1, 1], [0, 0, 0]]
    assert borders(np.zeros((1, 1), np.uint8)).tolist() == [[False]]


def test_the_brightest_picture_and_colour_do_not_overflow():
    white = Labels(("a", "b"), ((255, 255, 255), (255, 255, 255)))
    mask = np.array([[0, 0, 1]], np.uint8)
    assert blend(np.full((1, 3, 3), 255, np.uint8), mask, white).min() >= 254


def test_a_legend_names_present_classes_only_the_largest_first():
    mask = np.array([[2, 2, 2, 0]], np.uint8)
    assert [(share.name, share.share) for share in class_shares(mask, LABELS)] == [
        ("car", 0.75),
        ("road", 0.25),
    ]
    assert [share.text for share in class_shares(mask, LABELS)] == ["car  75.0 %", "road  25.0 %"]


def test_a_share_that_rounds_to_nothing_is_still_more_than_none():
    mask = np.zeros((100, 100), np.uint8)
    mask[0, 0] = 1
    assert [share.text for share in class_shares(mask, LABELS)] == ["road  100.0 %", "sky  <0.1 %"]


def test_an_overlay_made_in_strips_is_that_of_the_whole(monkeypatch):
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (420, 300, 3), np.uint8)
    mask = random.integers(0, 3, (42, 30), np.uint8).repeat(10, 0).repeat(10, 1)
    whole = np.asarray(overlay(picture, mask, LABELS))
    np.testing.assert_array_equal(whole[:420, :300], blend(picture, mask, LABELS))
    monkeypatch.setattr("pixelwise.predict.render.STRIP_PIXELS", 300 * 7)
    np.testing.assert_array_equal(np.asarray(overlay(picture, mask, LABELS)), whole)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (33, 47), (360, 480), (700, 900)])
def test_a_legend_fits_below_a_picture_of_any_size(size):
    mask = np.arange(size[0] * size[1]).reshape(size).astype(np.uint8) % 3
    picture = np.full((*size, 3), 90, np.uint8)
    page = np.asarray(overlay(picture, mask, LABELS))
    factor = enlargement(size)
    assert max(size) * factor >= 400
    strip = page[size[0] * factor :]
    assert strip.shape[0] >= 20
    assert page.shape[1] >= size[1] * factor
    assert (strip[:, -2:] == 255).all()  # nothing is cut off at the right
    assert (strip[-2:] == 255).all()  # nor at the bottom
    for i in np.unique(mask):
        assert (strip == LABELS.palette[i]).all(axis=2).sum() >= 100  # a swatch that can be seen


def test_a_large_picture_keeps_its_size_and_gets_larger_letters():
    small, large = (np.zeros((side, side), np.uint8) for side in (400, 1500))
    low, high = (overlay(np.zeros((*m.shape, 3), np.uint8), m, LABELS) for m in (small, large))
    assert low.width == 400
    assert high.width == 1500
    assert high.height - 1500 > 2 * (low.height - 400)


@pytest.mark.parametrize(("size", "factor"), [((1, 1), 400), ((90, 130), 4), ((399, 2), 2), ((400, 1), 1)])
def test_small_pictures_are_enlarged_by_a_whole_factor(size, factor):
    assert enlargement(size) == factor


def test_long_class_names_are_shortened_and_never_cut_by_the_border():
    names = ("a very long name of a class that goes on and on and on", "x" * 300, "Überführungsbrücke")
    labels = Labels(names, LABELS.palette)
    mask = np.array([[0, 1, 2]], np.uint8)
    shares = class_shares(mask, labels)
    assert all(len(share.text) < 50 for share in shares)
    strip = np.asarray(legend(shares, 40, 14))
    assert (strip[:, -2:] == 255).all()
    assert strip.shape[1] > 100


def test_many_classes_wrap_into_rows():
    labels = Labels.numbered(150)
    mask = np.arange(150, dtype=np.uint8).reshape(10, 15)
    page = np.asarray(overlay(np.zeros((10, 15, 3), np.uint8), mask, labels))
    assert page.shape[0] > 1000
    assert (page[-2:] == 255).all()


def test_an_indexed_mask_keeps_ids_and_shows_colours(tmp_path):
    mask = np.array([[0, 1], [2, 0]], np.uint8)
    indexed(mask, LABELS).save(tmp_path / "mask.png")
    picture = Image.open(tmp_path / "mask.png")
    assert picture.mode == "P"
    np.testing.assert_array_equal(np.asarray(picture), mask)
    np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), LABELS.colorize(mask))
    assert len(picture.getpalette()) == 768


def test_probabilities_become_grey_from_black_to_white():
    assert np.asarray(grey(np.array([[0.0, 0.5, 1.0]], np.float32))).tolist() == [[0, 128, 255]]
