import io
import time

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.shapes import draw_scene
from pixelwise.inspection.likeness import Fingerprint, fingerprint, near, same

PICTURES = [draw_scene(np.random.default_rng(seed), (96, 128))[0] for seed in range(8)]
PRINTS = [fingerprint(picture) for picture in PICTURES]


def as_jpeg(picture, quality):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def test_equal_pictures_are_found_by_their_places():
    assert same([PRINTS[place].digest for place in (0, 1, 0, 2)]) == [[0, 2]]
    assert same(entry.digest for entry in PRINTS) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: as_jpeg(picture, 60),
        lambda picture: picture.resize((256, 192)),
        lambda picture: picture.resize((64, 48)),
    ],
)
def test_a_copy_at_another_size_or_quality_is_nearly_the_same(change):
    copies = [fingerprint(np.asarray(change(Image.fromarray(picture)))) for picture in PICTURES]
    assert {(i, j) for i, j, _ in near(PRINTS, copies)} == {(i, i) for i in range(len(PICTURES))}


def test_different_pictures_are_not_nearly_the_same():
    assert near(PRINTS[:4], PRINTS[4:]) == []


def test_the_very_same_picture_is_left_to_same():
    assert near(PRINTS, PRINTS) == []


def test_ten_thousand_pictures_take_seconds():
    rng = np.random.default_rng(0)
    prints = [Fingerprint(rng.bytes(16), rng.bytes(256)) for _ in range(10_000)]
    begin = time.process_time()
    assert near(prints[:8000], prints[8000:]) == []
    assert time.process_time() - begin < 20


def test_ten_thousand_pictures_of_one_scene_take_seconds():
    rng = np.random.default_rng(0)
    scene = np.frombuffer(rng.bytes(256), np.uint8) // 2 + 40
    prints = [
        Fingerprint(rng.bytes(16), (scene + rng.integers(0, 30, 1, np.uint8)).tobytes()) for _ in range(4000)
    ]
    begin = time.process_time()
    assert near(prints[:3000], prints[3000:])
    assert time.process_time() - begin < 20
