"""Which pictures int8 is fitted to, and what is seen of them."""

import numpy as np
from PIL import Image

from pixelwise.data.form import PHOTOS
from pixelwise.data.pairs import Pair
from pixelwise.engines.openvino import read_graph
from pixelwise.quantization.calibration import read_batches, sample


def test_the_sample_depends_on_the_seed_alone(shapes):
    pairs = shapes.split("train")
    assert sample(pairs, 3, 7, PHOTOS) == sample(pairs, 3, 7, PHOTOS)
    drawn = {tuple(pair.name for pair in sample(pairs, 3, seed, PHOTOS)[0]) for seed in range(8)}
    assert len(drawn) > 1
    assert sample(pairs, 99, 0, PHOTOS) == (list(pairs), ())


def test_for_a_picture_that_cannot_be_read_another_is_drawn(shapes, tmp_path):
    pairs = shapes.split("train")
    drawn, _ = sample(pairs, 2, 0, PHOTOS)
    broken = Pair(drawn[0].name, tmp_path / "broken.png", drawn[0].mask)
    broken.image.write_bytes(b"no picture")
    again, unread = sample([broken if pair == drawn[0] else pair for pair in pairs], 2, 0, PHOTOS)
    assert len(again) == 2
    assert drawn[1] in again
    assert broken not in again
    assert len(unread) == 1
    assert unread[0].startswith(str(broken.image))


def test_a_large_picture_is_seen_through_a_window(tmp_path, shapes, exported):
    first = shapes.split("train")[0]
    pair = Pair(first.name, tmp_path / "large.png", first.mask)
    numbers = np.random.default_rng(0).integers(0, 256, (700, 30, 3), dtype=np.uint8)
    Image.fromarray(numbers).save(pair.image)
    form = read_graph(exported)[1].form
    (first,), (again,) = (list(read_batches([pair], form, 0)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (1, 3, 512, 30)
    windows = [numbers[top : top + 512].transpose(2, 0, 1)[None] for top in range(189)]
    assert any(np.array_equal(first, window) for window in windows)
