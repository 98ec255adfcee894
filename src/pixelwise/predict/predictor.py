"""One picture in, one mask out, whatever the picture comes as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..checkpoint import ModelCard
from ..data.image import read_image, to_rgb
from ..engines.base import Engine
from ..engines.choose import load_engine
from ..engines.names import EngineName
from ..errors import ConfigError
from ..labels import Labels

Picture = str | Path | Image.Image | NDArray[Any]
"""A path, a Pillow picture, or an array (H, W, 3) RGB, (H, W) grey or (H, W, in_channels), in 0..255."""


class Predictor:
    """A model that is ready for pictures of any size.

        predictor = Predictor.load("runs/first")
        mask = predictor("street.jpg")

    Pictures from files and from Pillow are turned upright as their EXIF orientation says. Models of one
    channel take RGB as grey; models of other channel counts than 1 and 3 take arrays only.

    Attributes:
        engine: What computes the network.
    """

    def __init__(self, engine: Engine) -> None:
        """Predict with an engine that is loaded."""
        self.engine = engine

    @classmethod
    def load(cls, path: str | Path, *, engine: EngineName = "auto", device: str = "auto") -> Predictor:
        """Load a run folder, a .safetensors file, or an exported .xml or .onnx file.

        Args:
            path: The model.
            engine: "auto", "torch", "torch-compiled", "openvino" or "onnx"; auto takes the fastest that is
                there.
            device: "auto", "cpu", or a CUDA device for torch.

        Raises:
            CheckpointError: there is no model, it is damaged, or it was exported from other weights than
                those beside it.
            ConfigError: there is no such engine or device.
            MissingExtraError: the engine, or the only one that could compute this model, is not installed.
        """
        return cls(load_engine(path, engine, device))

    @property
    def card(self) -> ModelCard:
        """What the model file says of itself."""
        return self.engine.card

    @property
    def labels(self) -> Labels:
        """Names, colours and ignored id of the model's classes."""
        return self.engine.card.labels

    def __call__(self, picture: Picture) -> NDArray[np.uint8]:
        """Return the mask of a picture: class ids (H, W) uint8.

        Raises:
            ImageError: the picture cannot be read, or is too large for the memory.
            ConfigError: an array is no picture, or none that this model takes.
        """
        mask: NDArray[np.uint8] = self.engine.masks(self._batch(picture))[0]
        return mask

    def logits(self, picture: Picture) -> NDArray[np.float32]:
        """Return the scores (num_classes, H, W) of a picture; raises what calling raises."""
        logits: NDArray[np.float32] = self.engine.logits(self._batch(picture))[0]
        return logits

    def probs(self, picture: Picture) -> NDArray[np.float32]:
        """Return the probabilities (num_classes, H, W) of a picture, 0..1; raises what calling raises."""
        return softmax(self.logits(picture))

    def _batch(self, picture: Picture) -> NDArray[Any]:
        """Return a picture as a batch of one: (1, in_channels, H, W) uint8 or float32."""
        if isinstance(picture, Image.Image):
            array = self._channels_of(to_rgb(picture))
        elif isinstance(picture, np.ndarray):
            array = self._check_array(picture)
        else:
            array = self._channels_of(read_image(picture))
        return np.ascontiguousarray(array.transpose(2, 0, 1))[None]

    def _channels_of(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return an RGB picture (H, W, 3) with as many channels as the model takes, (H, W, in_channels)."""
        if self.card.in_channels == 3:
            return rgb
        if self.card.in_channels == 1:
            return np.asarray(Image.fromarray(rgb).convert("L"))[:, :, None]
        raise ConfigError(
            f"this model takes pictures of {self.card.in_channels} channels, which picture files do not "
            f"hold: give it arrays (height, width, {self.card.in_channels})"
        )

    def _check_array(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array as (H, W, in_channels)."""
        channels, shape = self.card.in_channels, array.shape
        if channels == 1 and array.ndim == 3 and shape[2] == 3 and array.dtype == np.uint8:
            array = self._channels_of(array)
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim == 3 and array.shape[2] == 1 and channels == 3:
            array = np.repeat(array, 3, axis=2)
        if array.ndim != 3 or array.shape[2] != channels or 0 in shape:
            raise ConfigError(
                f"found an array of shape {shape}, expected (height, width, {channels})"
                + (" or, in grey, (height, width)" if channels in (1, 3) else "")
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ConfigError("found an array with values that are not finite, expected 0..255")
        return array


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn scores (C, H, W) into probabilities (C, H, W) that sum to 1 over the classes."""
    exponents: NDArray[np.float32] = np.exp(logits - logits.max(axis=0))
    exponents /= exponents.sum(axis=0)
    return exponents
