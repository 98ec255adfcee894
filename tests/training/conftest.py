from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.training.run import train

from .tiny import SMALL


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 training and 3 validation pictures, 32 x 48: a red square (class 1) on blue (class 0), a void row."""
    root = tmp_path_factory.mktemp("squares")
    rng = np.random.default_rng(0)
    for split, number in (("train", 8), ("val", 3)):
        for kind in ("images", "masks"):
            (root / split / kind).mkdir(parents=True)
        for i in range(number):
            mask = np.zeros((32, 48), np.uint8)
            top, left = rng.integers(0, 16), rng.integers(0, 30)
            mask[top : top + 16, left : left + 18] = 1
            colors = np.array([[30, 40, 200], [220, 30, 40]])[mask]
            image = (colors + rng.integers(0, 30, colors.shape)).astype(np.uint8)
            mask[0] = 255
            Image.fromarray(image).save(root / split / "images" / f"{i}.png")
            Image.fromarray(mask).save(root / split / "masks" / f"{i}.png")
    return root


@pytest.fixture(scope="session")
def finished(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs that nothing interrupted; it is not to be changed."""
    run = tmp_path_factory.mktemp("finished") / "run"
    train(squares, **SMALL, epochs=3, out=run)
    return run
