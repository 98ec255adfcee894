"""Which number format the convolutions are computed in."""

from __future__ import annotations

from typing import Literal

import torch

from ..errors import ConfigError
from .settings import TrainSettings

LightningPrecision = Literal["bf16-mixed", "16-mixed", "32-true"]


def lightning_precision(settings: TrainSettings) -> LightningPrecision:
    """Return Lightning's word for the precision of a run.

    Weights, scores and loss stay float32 in all of them. On processors bf16 pays with AMX only: with
    AVX512-BF16 alone it was slower than float32 in torch 2.13 (3x3 convolution, 256 channels: 0.16 against
    0.25 TFLOP/s).

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
    return "bf16-mixed" if torch.cpu._is_amx_tile_supported() else "32-true"
