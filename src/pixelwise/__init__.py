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


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
