"""Masks with palettes, for tests of several modules."""

import numpy as np
from PIL import Image


def palette_picture(values, colors):
    picture = Image.fromarray(np.array(values, np.uint8), "P")
    picture.putpalette([part for color in colors for part in color])
    return picture
