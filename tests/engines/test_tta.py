import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pixelwise import room
from pixelwise.checkpoint import ModelCard
from pixelwise.engines.base import softmax
from pixelwise.engines.tta import TtaEngine, resize
from pixelwise.errors import ConfigError, ImageError
from pixelwise.labels import Labels


class Slanted:
    """A stand-in for a network: two classes, and a taste for the left of the picture that grows with it."""

    name = "stand-in"
    card = ModelCard({"in_channels": 3, "num_classes": 2}, Labels.numbered(2), {}, "abc")

    def __init__(self):
        self.sizes = []

    def logits(self, images):
        self.sizes.append(images.shape[-2:])
        light = images.mean(axis=1, dtype=np.float32) / 64 - 2
        left = np.linspace(2, -1, images.shape[-1], dtype=np.float32)
        return np.stack([left + 0 * light, light], axis=1)

    def masks(self, images):
        return self.logits(images).argmax(axis=1).astype(np.uint8)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (2, 3, 8, 12), np.uint8)


def test_flip_averages_the_probabilities_of_the_picture_and_its_mirror_image(pictures):
    engine = Slanted()
    plain = softmax(engine.logits(pictures), axis=1)
    mirrored = softmax(engine.logits(np.ascontiguousarray(pictures[..., ::-1])), axis=1)[..., ::-1]
    expected = (plain + mirrored) / 2
    tta = TtaEngine(engine, "flip")
    np.testing.assert_allclose(softmax(tta.logits(pictures), axis=1), expected, atol=1e-6)
    np.testing.assert_array_equal(tta.masks(pictures), expected.argmax(axis=1))


def test_a_mirrored_picture_gets_the_mirrored_mask(pictures):
    tta = TtaEngine(Slanted(), "multiscale")
    mirrored = tta.masks(np.ascontiguousarray(pictures[..., ::-1]))
    np.testing.assert_array_equal(mirrored, tta.masks(pictures)[..., ::-1])


def test_multiscale_looks_at_three_scales_of_any_size():
    for height, width in ((8, 12), (1, 1), (5, 3)):
        engine = Slanted()
        picture = np.full((1, 3, height, width), 90, np.uint8)
        assert TtaEngine(engine, "multiscale").logits(picture).shape == (1, 2, height, width)
        scales = (0.75, 1.0, 1.25)
        sizes = [(max(1, round(height * s)), max(1, round(width * s))) for s in scales for _ in "ab"]
        assert engine.sizes == sizes


@pytest.mark.parametrize("size", [(6, 9), (10, 15), (8, 12)])
def test_scaling_is_that_of_torch(size):
    planes = np.random.default_rng(1).random((2, 3, 8, 12), np.float32)
    expected = F.interpolate(torch.from_numpy(planes), size, mode="bilinear", antialias=True)
    np.testing.assert_allclose(resize(planes, size), expected, atol=1e-5)


def test_masks_of_another_augmentation_count_as_those_of_another_model():
    prints = {TtaEngine(Slanted(), kind).card.fingerprint for kind in ("flip", "multiscale")}
    assert len(prints | {Slanted.card.fingerprint}) == 3


def test_what_its_own_planes_need_is_held_against_the_memory(pictures, monkeypatch):
    monkeypatch.setattr(room, "free_memory", lambda: 4 * 2 * pictures[:, 0].size * 4 - 1)
    with pytest.raises(ImageError, match="2 x 8 x 12 pixels"):
        TtaEngine(Slanted(), "flip").masks(pictures)


def test_an_unknown_augmentation_is_named():
    with pytest.raises(ConfigError, match="'rotate', expected flip or multiscale"):
        TtaEngine(Slanted(), "rotate")
