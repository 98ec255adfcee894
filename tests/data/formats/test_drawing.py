"""Outlines become pixels by one rule, checked point by point with Matplotlib."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as tool

from pixelwise.data.choices import Choices
from pixelwise.data.formats.coco_region import CocoRegion
from pixelwise.data.formats.drawing import Outline, Patch, Stamp, box, ellipse, fill, plan
from pixelwise.data.masks import MaskValues
from pixelwise.data.remap import remap
from pixelwise.errors import ConfigError, DataError, ImageError

SIZE = (20, 30)


def drawn(rings, size=SIZE):
    canvas = np.zeros(size, np.uint8)
    fill([np.asarray(ring, float) for ring in rings], size).paint(canvas, 1)
    return canvas


def test_a_pixel_is_inside_when_its_centre_is():
    from matplotlib.path import Path as Outlined

    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    centres = np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5
    for _ in range(50):
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
        radius = rng.uniform(2, 20, angles.size)
        middle = rng.uniform(0, 25, 2)
        ring = middle + np.stack([np.cos(angles) * radius, np.sin(angles) * radius], axis=1)
        inside = Outlined(np.concatenate([ring, ring[:1]])).contains_points(centres).reshape(SIZE)
        np.testing.assert_array_equal(drawn([ring]) == 1, inside)


def test_a_box_on_whole_numbers_covers_exactly_its_pixels():
    wanted = np.zeros(SIZE, np.uint8)
    wanted[3:8, 2:11] = 1
    np.testing.assert_array_equal(drawn([box(2, 3, 11, 8)]), wanted)


def test_outlines_that_share_an_edge_neither_overlap_nor_leave_a_gap():
    left, right = [(0, 0), (13.5, 0), (4.5, 20), (0, 20)], [(13.5, 0), (30, 0), (30, 20), (4.5, 20)]
    np.testing.assert_array_equal(drawn([left]).astype(int) + drawn([right]), np.ones(SIZE, int))


def test_an_outline_within_another_is_a_hole():
    mask = drawn([box(0, 0, 10, 10), box(3, 3, 6, 6)])
    assert mask.sum() == 100 - 9
    assert mask[4, 4] == 0


@pytest.mark.parametrize("corners", [(-100, -100, 1e5, 1e5), (-50, 5, 500, 9)])
def test_what_lies_outside_of_the_picture_is_cut_off(corners):
    wanted = np.zeros(SIZE, np.uint8)
    wanted[5:9] = 1
    mask = drawn([box(*corners)])
    np.testing.assert_array_equal(mask, np.ones(SIZE) if corners[1] < 0 else wanted)


@pytest.mark.parametrize("corners", [(40, 2, 50, 8), (-9, 2, -1, 8), (2, 40, 5, 50)])
def test_an_outline_beside_the_picture_covers_nothing(corners):
    assert drawn([box(*corners)]).sum() == 0


def test_a_stamp_is_cut_at_the_edges_of_the_picture():
    canvas = np.zeros((4, 4), np.uint8)
    for place in ((-1, -1), (3, 3), (9, 9), (-9, 0)):
        Stamp(1, Patch(*place, np.ones((2, 2), bool))).cover((4, 4)).paint(canvas, 1)
    assert np.argwhere(canvas).tolist() == [[0, 0], [3, 3]]


def test_a_quarter_turn_and_an_ellipse_cover_what_they_should():
    np.testing.assert_array_equal(drawn([box(10, 2, 14, 4, 90)]), drawn([box(8, 2, 10, 6)]))
    assert drawn([ellipse(10, 10, 6, 3)]).sum() == pytest.approx(np.pi * 18, rel=0.05)
    np.testing.assert_array_equal(drawn([ellipse(10, 10, 6, 3, 90)]), drawn([ellipse(10, 10, 3, 6)]))


REGIONS = [Outline(2, (box(0, 0, 3, 3),)), Outline(1, (box(0, 0, 9, 9),))]


def test_the_later_outline_wins_unless_the_smaller_one_should():
    later = plan(["a", "b"], Choices()).mask("x", Path("x.png"), SIZE, REGIONS).read().values
    smaller = (
        plan(["a", "b"], Choices(overlap="small-over-large"))
        .mask("x", Path("x.png"), SIZE, REGIONS)
        .read()
        .values
    )
    assert (later[0, 0], later[5, 5], later[12, 12]) == (1, 1, 0)
    assert (smaller[0, 0], smaller[5, 5], smaller[12, 12]) == (2, 1, 0)


def test_uncovered_pixels_are_background_ignored_or_the_class_of_that_name():
    assert plan(["a"], Choices()).values == {"background": 0, "a": 1}
    assert plan(["a"], Choices()).base == 0
    assert plan(["a", "background"], Choices()).base == 1
    canvas = plan(["a"], Choices(uncovered="ignore"))
    assert (canvas.values, canvas.base) == ({"a": 0}, 255)
    assert plan(["a"], Choices(), whole=True).base == 255


def test_more_classes_than_an_8_bit_mask_can_hold_are_drawn_and_can_be_merged():
    names = [str(number) for number in range(300)]
    canvas = plan(names, Choices())
    mask = (
        canvas.mask("x", Path("x.png"), SIZE, [Outline(canvas.values["299"], (box(0, 0, 5, 5),))])
        .read()
        .values
    )
    assert (mask[0, 0], mask[9, 9], canvas.ignore) == (300, 0, 65535)
    merged = remap(canvas.description, Choices(merge={"few": tuple(names[10:])}))
    assert merged.class_names == ("background", *names[:10], "few")
    ids = merged.codec(by_color=False).encode(MaskValues(mask))
    assert (ids[0, 0], ids[9, 9]) == (11, 0)
    with pytest.raises(ConfigError, match="301"):
        canvas.description.labels()


def test_more_classes_than_any_mask_can_hold_are_an_error():
    with pytest.raises(DataError, match="found 65,536 classes"):
        plan([str(number) for number in range(65_535)], Choices())


def test_a_large_size_is_believed_only_if_the_picture_has_it(tmp_path):
    Image.new("RGB", (16, 12)).save(tmp_path / "a.png")
    canvas = plan(["a"], Choices())
    with pytest.raises(ImageError, match=r"x: says that the picture is 20000 x 20000 .*a\.png is 16 x 12"):
        canvas.mask("x", tmp_path / "a.png", (20_000, 20_000), REGIONS).read()


def test_many_small_objects_take_the_memory_of_their_boxes_alone():
    size = (1000, 1000)
    packed = [tool.encode(np.asfortranarray(square(place, size)))["counts"] for place in range(0, 900, 30)]
    regions = [CocoRegion(1, counts) for counts in packed]
    canvas = plan(["a"], Choices(overlap="small-over-large"))
    mask = canvas.mask("x", Path("x.png"), size, regions)
    tracemalloc.start()
    values = mask.read().values
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.count_nonzero(values) == 30 * 100
    assert peak < 12 * values.size  # all objects at the picture's size take 30 times that


def square(place, size):
    mask = np.zeros(size, np.uint8)
    mask[place : place + 10, place : place + 10] = 1
    return mask


@pytest.mark.parametrize(
    ("names", "rest"), [("aB", None), (["a", "Background"], 1), (["Background", "background"], 1)]
)
def test_a_class_called_background_in_any_spelling_is_what_nothing_covers(names, rest):
    canvas = plan([*names], Choices())
    assert canvas.base == (rest or 0)
    assert len(canvas.values) == len(names) + (rest is None)
    assert f"covers are the class '{[*canvas.values][canvas.base]}'" in canvas.notes[0]


def test_a_patch_around_nothing_is_empty():
    canvas = np.zeros((3, 4), np.uint8)
    Patch.around(canvas > 0).paint(canvas, 1)
    assert not canvas.any()
