"""pixelwise: fully convolutional networks for semantic segmentation.

Importing the package imports no torch; the names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .errors import PixelwiseError
    from .evaluation import evaluate
    from .export.write import export_model
    from .labels import Labels
    from .metrics import Scores
    from .models.build import create_backbone, create_model
    from .models.convert import load_weights
    from .predict.predictor import Predictor
    from .quantization.run import quantize_model
    from .training.run import train

_HOMES = {
    "Labels": ".labels",
    "PixelwiseError": ".errors",
    "Predictor": ".predict.predictor",
    "Scores": ".metrics",
    "create_backbone": ".models.build",
    "create_model": ".models.build",
    "evaluate": ".evaluation",
    "export_model": ".export.write",
    "load_weights": ".models.convert",
    "quantize_model": ".quantization.run",
    "train": ".training.run",
}

__all__ = [
    "Labels",
    "PixelwiseError",
    "Predictor",
    "Scores",
    "__version__",
    "create_backbone",
    "create_model",
    "evaluate",
    "export_model",
    "load_weights",
    "quantize_model",
    "train",
]


_NEED_TRAIN = {"create_backbone", "create_model", "export_model", "load_weights", "quantize_model", "train"}
"""Names that say how to install the extra `train` where it is missing."""


def __dir__() -> list[str]:
    """List what can be had here, for those who look at all of it: help, completion, `inspect.getmembers`."""
    from importlib.util import find_spec

    return sorted({*globals(), *__all__} - (set() if find_spec("lightning") else _NEED_TRAIN))


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pixelwise' has no attribute '{name}'")
    try:
        value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    except ModuleNotFoundError as error:
        from .extras import missing_extra

        raise missing_extra(error) or error from error.__cause__
    globals()[name] = value
    return value
