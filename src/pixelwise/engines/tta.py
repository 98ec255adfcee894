"""Test-time augmentation: a network asked about several versions of a picture, and the answers averaged.

Needs no torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ConfigError
from .base import Engine, check_fits, check_images, softmax
from .names import TtaName

SCALES: dict[str, tuple[float, ...]] = {"flip": (1.0,), "multiscale": (0.75, 1.0, 1.25)}
"""At which scales each kind looks; at each of them at the picture and at its mirror image."""


class TtaEngine:
    """An engine that averages the probabilities of another one over mirrored and scaled pictures.

    It takes twice the time of the other engine with "flip", and 6.25 times with "multiscale".

    Attributes:
        name: That of the other engine, with the kind of augmentation behind it.
        card: The other engine's card; the fingerprint names the augmentation too, since its masks are others.
    """

    def __init__(self, engine: Engine, kind: TtaName) -> None:
        """Wrap `engine`.

        Raises:
            ConfigError: there is no such kind.
        """
        if kind not in SCALES:
            raise ConfigError(f"no test-time augmentation is named '{kind}', expected flip or multiscale")
        self._engine = engine
        self._scales = SCALES[kind]
        self.name = f"{engine.name}, {kind}"
        self.card = replace(engine.card, fingerprint=f"{engine.card.fingerprint}+{kind}")

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the logarithms of the averaged probabilities (N, num_classes, H, W); they are logits too."""
        probs = self._probs(images)
        logits: NDArray[np.float32] = np.log(np.maximum(probs, np.finfo(np.float32).tiny))
        return logits

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the class (N, H, W) that is likeliest on average."""
        masks: NDArray[np.uint8] = self._probs(images).argmax(axis=1).astype(np.uint8)
        return masks

    def _probs(self, images: NDArray[Any]) -> NDArray[np.float32]:
        images = check_images(images, self.card)
        height, width = images.shape[-2:]
        planes = 2 + 2 * max(self._scales) ** 2  # the sum, and an answer before and after softmax and scaling
        check_fits(images, int(planes * 4 * self.card.labels.num_classes * images[:, 0].size))
        total = np.zeros((len(images), self.card.labels.num_classes, height, width), np.float32)
        for scale in self._scales:
            size = max(1, round(height * scale)), max(1, round(width * scale))
            scaled = resize(images, size)
            for mirrored in (False, True):
                asked = np.ascontiguousarray(scaled[..., ::-1]) if mirrored else scaled
                answer = softmax(self._engine.logits(asked), axis=1)
                total += resize(answer[..., ::-1] if mirrored else answer, (height, width))
        total /= 2 * len(self._scales)
        return total


def resize(planes: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Scale planes (N, C, H, W), uint8 or float32, to (N, C, *size): bilinear, smoothed where they shrink."""
    if planes.shape[-2:] == size:
        return planes
    out = np.empty((*planes.shape[:2], *size), planes.dtype)
    for place in np.ndindex(*planes.shape[:2]):
        plane = Image.fromarray(np.ascontiguousarray(planes[place]))
        out[place] = np.asarray(plane.resize(size[::-1], Image.Resampling.BILINEAR))
    return out
