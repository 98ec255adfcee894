"""The network as a program of torch.export (.pt2), which runs without our code.

Of torch's two formats, TorchScript is deprecated. A .pt2 archive holds a graph in JSON, raw tensors, and the
card as a file of its own: nothing in what we write is unpickled but an example of the input, which torch
reads with weights_only.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..checkpoint import METADATA_KEY, ModelCard
from ..models.fcn import FCN
from .program import trace_program

TOLERANCE = 1e-3
"""Largest difference of logits, relative to the largest one; there is none on the machine that exports."""


class ProgramEngine:
    """Computes a .pt2 file on the processor, to compare it with the network that it was made from.

    Attributes:
        name: "torch.export cpu float32".
        card: What the file says of itself.
    """

    name = "torch.export cpu float32"

    def __init__(self, path: Path) -> None:
        """Read a .pt2 file that `write_torch` wrote; others are not to be trusted, see torch.export.load."""
        extra: dict[str, Any] = {METADATA_KEY: ""}
        self._program = torch.export.load(path, extra_files=extra).module()
        self.card = ModelCard.from_json(extra[METADATA_KEY], path)

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, num_classes, H, W) of pictures (N, in_channels, H, W)."""
        with torch.inference_mode():
            scores: Tensor = self._program(torch.from_numpy(images))
        return scores.numpy()

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the best class's id (N, H, W) of pictures (N, in_channels, H, W)."""
        masks: NDArray[np.uint8] = self.logits(images).argmax(axis=1).astype(np.uint8)
        return masks


def write_torch(model: FCN, card: ModelCard, path: Path) -> ProgramEngine:
    """Write a network in evaluation mode, and return what computes the file."""
    dtype = torch.float32 if card.form.dtype is np.float32 else torch.uint8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = trace_program(model, model.in_channels, dtype)
        whole = io.BytesIO()  # torch aborts the process where the disk is full
        torch.export.save(program, whole, extra_files={METADATA_KEY: card.to_json()})
        path.write_bytes(whole.getbuffer())
        return ProgramEngine(path)
