from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def put(tmp_path):
    """Return a function that saves an array, or a Pillow picture, below the temporary folder."""

    def save(path, pixels, **how):
        path = tmp_path / path
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
        picture.save(path, **how)
        return path

    return save


@pytest.fixture
def put_pair(put):
    """Return a function that saves a mask (rows of numbers) and a grey picture of its size."""

    def save(folder, name, mask, **how):
        mask = mask if isinstance(mask, Image.Image) else np.array(mask, np.uint8)
        height, width = np.asarray(mask).shape[:2]
        put(Path(folder) / "images" / f"{name}.png", np.full((height, width, 3), 90, np.uint8))
        return put(Path(folder) / "masks" / f"{name}.png", mask, **how)

    return save
