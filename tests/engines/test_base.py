import numpy as np
import pytest

from pixelwise import room
from pixelwise.checkpoint import ModelCard
from pixelwise.engines.base import check_images, check_memory
from pixelwise.errors import ConfigError, ImageError
from pixelwise.labels import Labels


@pytest.fixture
def card():
    return ModelCard({"in_channels": 3, "num_classes": 2}, Labels.numbered(2))


@pytest.mark.parametrize(
    ("given", "wanted"), [("uint8", "uint8"), ("float32", "float32"), ("float64", "float32")]
)
def test_pictures_become_uint8_or_float32_without_gaps(card, given, wanted):
    images = np.ones((1, 4, 5, 3), given).transpose(0, 3, 1, 2)
    checked = check_images(images, card)
    assert checked.dtype == wanted
    assert checked.flags.c_contiguous or checked.transpose(0, 2, 3, 1).flags.c_contiguous
    assert checked.shape == (1, 3, 4, 5)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((3, 4, 5), np.uint8), r"\(3, 4, 5\), expected \(N, 3, H, W\)"),
        (np.zeros((1, 4, 4, 5), np.uint8), r"expected \(N, 3, H, W\)"),
        (np.zeros((1, 3, 0, 5), np.uint8), "none of them 0"),
        (np.zeros((1, 3, 4, 5), np.uint16), "uint16, expected uint8 or float"),
        (np.zeros((1, 3, 4, 5), bool), "bool, expected uint8 or float"),
    ],
)
def test_what_is_no_picture_batch_is_refused(card, images, words):
    with pytest.raises(ConfigError, match=words):
        check_images(images, card)


def test_a_picture_too_large_for_the_memory_is_refused_before_it_is_computed(card, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MEMORY_FILE", tmp_path / "meminfo")
    room.MEMORY_FILE.write_text("MemTotal:  9000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\n")
    huge = np.broadcast_to(np.uint8(0), (1, 3, 20_000, 20_000))
    with pytest.raises(ImageError, match=r"1 x 20000 x 20000 pixels .* 4\.1 GB are free"):
        check_memory(huge, card, value_bytes=2)
    check_memory(huge[..., :500, :500], card, value_bytes=4)


def test_where_the_system_does_not_tell_its_memory_nothing_is_refused(card, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MEMORY_FILE", tmp_path / "missing")
    check_memory(np.broadcast_to(np.uint8(0), (1, 3, 10**6, 10**6)), card, value_bytes=4)
