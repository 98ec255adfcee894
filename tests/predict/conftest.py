from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.checkpoint import ModelCard
from pixelwise.predict.predictor import Predictor


class GreyEngine:
    """A stand-in for a network: four classes, from dark to bright; `seen` counts the batches."""

    name = "stand-in"

    def __init__(self, labels, in_channels=3, fingerprint="0123456789abcdef"):
        self.card = ModelCard({"in_channels": in_channels, "num_classes": 4}, labels, {}, fingerprint)
        self.seen = 0

    def logits(self, images):
        self.seen += 1
        assert images.shape[:2] == (1, self.card.in_channels)
        grey = images.mean(axis=1, dtype=np.float32)  # (1, H, W)
        levels = np.array([32, 96, 160, 224], np.float32)[None, :, None, None]
        return -(((grey[:, None] - levels) / 64) ** 2)

    def masks(self, images):
        return self.logits(images).argmax(axis=1).astype(np.uint8)


@pytest.fixture
def make_predictor(small_labels):
    """Make a predictor whose network is the stand-in."""

    def make(**options):
        return Predictor(GreyEngine(small_labels, **options))

    return make


@pytest.fixture
def predictor(make_predictor):
    return make_predictor()


@pytest.fixture
def stripes():
    """A picture (6, 8, 3): four stripes two pixels wide, one of each class."""
    return np.repeat(np.repeat([20, 100, 150, 240], 2)[None, :, None], 6, 0).repeat(3, 2).astype(np.uint8)


@pytest.fixture
def shots(tmp_path: Path, stripes):
    """A folder of three pictures, one of them in a folder below."""
    folder = tmp_path / "shots"
    (folder / "night").mkdir(parents=True)
    for name in ("a.png", "b.png", "night/a.png"):
        Image.fromarray(stripes).save(folder / name)
    return folder
