"""Which number format the convolutions are computed in."""

from __future__ import annotations

from typing import Literal

import torch

from ..errors import ConfigError
from ..processor import fast_bf16
from .settings import TrainSettings

LightningPrecision = Literal["bf16-mixed", "16-mixed", "32-true"]


def lightning_precision(settings: TrainSettings) -> LightningPrecision:
    """Return Lightning's word for the precision of a run.

    Weights, scores and loss stay float32 in all of them.

    Raises:
        ConfigError: the hardware cannot compute in this precision.
    """
    if settings.precision == "32":
        return "32-true"
    if settings.precision == "bf16":
        return "bf16-mixed"
    on_gpu = settings.device != "cpu" and torch.cuda.is_available()
    if settings.precision == "16":
        if not on_gpu:
            raise ConfigError("precision 16 needs a CUDA GPU; on a processor take bf16 or 32")
        return "16-mixed"
    if on_gpu:
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    return "bf16-mixed" if fast_bf16() else "32-true"
