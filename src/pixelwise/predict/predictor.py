"""One picture in, one mask out, whatever the picture comes as."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..checkpoint import ModelCard
from ..engines.base import Engine, softmax
from ..engines.choose import load_engine
from ..engines.names import EngineName, TtaName
from ..engines.tta import TtaEngine
from ..errors import CheckpointError, ConfigError
from ..labels import Labels

Picture = str | Path | Image.Image | NDArray[Any]
"""A path, a Pillow picture, or an array (H, W, 3) RGB, (H, W) grey or (H, W, in_channels): in 0..255, or the
numbers that the pictures hold where the model has learned from such."""

_Loading = tuple[Path, EngineName, str, TtaName, str]
"""What `Predictor.load` was called with, and the fingerprint of what it found."""


class Predictor:
    """A model that is ready for pictures of any size.

        predictor = Predictor.load("runs/first")
        mask = predictor("street.jpg")

    Pictures from files and from Pillow are turned upright as their EXIF orientation says. They are read as
    those were that the model has learned from: as RGB (or grey) in 0..255, or band by band as they are.
    A Predictor may be called from several threads, and sent to other processes.
    """

    def __init__(self, engine: Engine) -> None:
        """Predict with an engine that is loaded."""
        self.engine = engine
        self._loaded_by: _Loading | None = None

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        engine: EngineName = "auto",
        device: str = "auto",
        tta: TtaName = "none",
    ) -> Predictor:
        """Load a run folder, a .safetensors file, or an exported .xml or .onnx file.

        Args:
            path: The model.
            engine: "auto", "torch", "torch-compiled", "openvino-int8", "openvino" or "onnx"; auto takes the
                fastest that is there.
            device: "auto", "cpu", "gpu", or a CUDA device for torch.
            tta: "flip" or "multiscale" averages the answers for mirrored and scaled pictures, for 2 or 6
                times the work.

        Raises:
            CheckpointError: there is no model, it is damaged, or it was exported from other weights than
                those beside it.
            ConfigError: there is no such engine, device or augmentation.
            MissingExtraError: the engine, or the only one that could compute this model, is not installed.
        """
        loaded = load_engine(path, engine, device)
        predictor = cls(loaded if tta == "none" else TtaEngine(loaded, tta))
        predictor._loaded_by = Path(path).absolute(), engine, device, tta, predictor.card.fingerprint
        return predictor

    @cached_property
    def engine(self) -> Engine:
        """What computes the network; a Predictor that was sent to this process loads it at first use.

        Raises:
            CheckpointError: it is not the model that was sent; or see `load`, as for all else.
        """
        return _load_once(self._sendable())

    def __copy__(self) -> Self:
        """Return another Predictor with the same engine."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process, which loads the model again when it needs it.

        Not sooner: an error while it arrives would end the process, and `Pool.map` would wait for ever.

        Raises:
            ConfigError: it was made from an engine, and not by `load`.
        """
        return {"_loaded_by": self._sendable()}

    def _sendable(self) -> _Loading:
        """Return what another process can load the model by.

        Raises:
            ConfigError: there is nothing of the kind.
        """
        if self._loaded_by is None:
            raise ConfigError(
                "a Predictor of a network in memory cannot be sent to another process: "
                "save the model, and take Predictor.load"
            )
        return self._loaded_by

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
            ImageError: the picture cannot be read, holds other bands or numbers than those that the model has
                learned from, or is too large for the memory.
            ConfigError: it is no picture, or an array that this model does not take.
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
        form = self.card.form
        if isinstance(picture, Image.Image):
            array = form.of_picture(picture)
        elif isinstance(picture, np.ndarray):
            array = form.of_array(picture)
        elif isinstance(picture, str | Path):
            array = form.read(picture)
        else:
            raise ConfigError(
                f"found {type(picture).__name__}, expected the path of a picture, a Pillow picture "
                "or a NumPy array (height, width, channels)"
            )
        return np.ascontiguousarray(array).transpose(2, 0, 1)[None]


@lru_cache(maxsize=4)
def _load_once(loading: _Loading) -> Engine:
    """Load a model that was sent to this process: `Pool.map` sends it with every few pictures.

    Raises:
        CheckpointError: it is not the model that was sent; or see `Predictor.load`, as for all else.
    """
    path, engine, device, tta, fingerprint = loading
    loaded = Predictor.load(path, engine=engine, device=device, tta=tta).engine
    found = loaded.card.fingerprint
    if found != fingerprint:
        raise CheckpointError(
            f"{path}: the model has changed since it was loaded, or the engine {engine} takes another file "
            f"here: found {found}, expected {fingerprint}; load it again, or name the engine"
        )
    return loaded
