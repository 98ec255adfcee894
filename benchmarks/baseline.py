"""What tutorials do: the `plain` network in eager float32 PyTorch, then softmax, then argmax."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pixelwise.checkpoint import load_model

NAME = "tutorial: torch eager float32, softmax, argmax"


class Baseline:
    """An engine like the others, as far as masks go; no channels_last, no bf16, nothing fused."""

    name = NAME

    def __init__(self, path: Path, device: str = "cpu") -> None:
        """Load a .safetensors file onto a device."""
        self._model, self.card = load_model(path, device)
        self._device = device

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return ids (N, H, W) of pictures (N, in_channels, H, W)."""
        with torch.no_grad():
            probs = torch.softmax(self._model(torch.from_numpy(images).to(self._device)), dim=1)
            return probs.argmax(dim=1).to(torch.uint8).cpu().numpy()
