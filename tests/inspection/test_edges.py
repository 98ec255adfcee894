import numpy as np
import pytest

from pixelwise.data.shapes import draw_scene
from pixelwise.inspection.edges import agreement

IMAGE, MASK = draw_scene(np.random.default_rng(3), (240, 320))


@pytest.mark.parametrize("shift", [(0, 0), (9, 0), (0, -14), (12, 12)])
def test_the_shift_of_a_mask_is_found(shift):
    found = agreement(IMAGE, np.roll(MASK, shift, (0, 1)))
    assert abs(found.down - shift[0]) <= 3
    assert abs(found.right - shift[1]) <= 3


def test_a_mask_that_fits_has_nothing_to_gain():
    found = agreement(IMAGE, MASK)
    assert found.best - found.here < found.spread


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        (np.full_like(IMAGE, 90), MASK),
        (IMAGE, np.zeros_like(MASK)),
        (IMAGE[:20, :20], MASK[:20, :20]),
        (IMAGE[:1], MASK[:1]),
    ],
)
def test_where_there_is_nothing_to_compare_nothing_is_said(image, mask):
    assert agreement(image, mask) is None
