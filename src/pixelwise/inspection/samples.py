"""Small pictures of pairs with their masks over them, as they stand in the page."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..data.masks import MaskCodec, MaskValues, read_mask_values
from ..data.pairs import Pair
from ..data.preview import read_preview
from ..errors import ImageError
from ..predict.render import blend
from .survey import Survey

NUMBER = 12
"""Pairs in the montage."""

SIDE = 256
"""Longer side of a small picture, in pixels."""

STRANGE = (255, 0, 255)
"""Colour of pixels whose value is no class."""


def chosen(survey: Survey) -> list[Pair]:
    """Return the pairs for the montage: spread evenly over the data set, readable ones only."""
    readable = [entry.pair for entry, _ in survey.masks() if not isinstance(entry.record.picture, str)]
    step = max(1.0, len(readable) / NUMBER)
    return [readable[int(place * step)] for place in range(min(NUMBER, len(readable)))]


def sample(survey: Survey, pair: Pair) -> str | None:
    """Return a picture beside the same with its mask laid over, as a data URI; None if it cannot be read.

    Where the sizes differ, picture and mask stand side by side. What is no class is magenta.
    """
    try:
        image, found = read_preview(pair.image), read_mask_values(pair.mask)
        ids, strange = _encoded(survey.codec, found)
    except ImageError:
        return None
    small = _small(Image.fromarray(image), Image.Resampling.BOX)
    height, width = small.shape[:2]
    if image.shape[:2] == ids.shape:
        mask, marked = (_resized(plane, (width, height)) for plane in (ids, strange.view(np.uint8)))
        over = blend(small, mask, survey.labels)
        over[marked > 0] = STRANGE
    else:
        painted = survey.labels.colorize(ids)
        painted[strange] = STRANGE
        over = _small(Image.fromarray(painted), Image.Resampling.NEAREST)
    page = Image.new("RGB", (width + over.shape[1] + 2, max(height, over.shape[0])), (255, 255, 255))
    page.paste(Image.fromarray(small), (0, 0))
    page.paste(Image.fromarray(over), (width + 2, 0))
    file = io.BytesIO()
    page.save(file, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _small(picture: Image.Image, how: Image.Resampling) -> NDArray[np.uint8]:
    factor = SIDE / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return np.asarray(picture.resize(size, how if factor < 1 else Image.Resampling.NEAREST))


def _resized(plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.NEAREST))


def _encoded(codec: MaskCodec, found: MaskValues) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the class ids (H, W), 255 where there is none, and which pixels hold no class nor void.

    Raises:
        ImageError: the mask is of the other kind than the codec's.
    """
    values = codec.recode(found.values, found.by_color, found.palette)
    ids = np.full(values.shape, 255, np.uint8)
    strange = np.ones(values.shape, bool)
    for value, id_ in codec.ids.items():
        here = values == value
        ids[here] = id_
        strange &= ~here
    return ids, strange
