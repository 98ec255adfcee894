"""The network as a program of torch.export, for any number of pictures of any size."""

from __future__ import annotations

import torch
import torch.fx.experimental._config as shape_config
from torch import nn
from torch.export import Dim, ExportedProgram

TRACED_SHAPE = (2, 70, 50)
"""Pictures, height and width that a network is traced with; no other result depends on them."""


def trace_program(model: nn.Module, channels: int, dtype: torch.dtype = torch.uint8) -> ExportedProgram:
    """Trace a network in evaluation mode on pictures (N, channels, H, W), all but channels dynamic.

    By itself torch.export asks while it traces whether sizes are 1, whether padding to 32 changes them and
    whether the crop does, and the program then refuses pictures that would answer otherwise. Oblivious of
    sizes, it takes the answer that holds for all.
    """
    pictures, height, width = TRACED_SHAPE
    example = torch.zeros(pictures, channels, height, width, dtype=dtype)
    dynamic = {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}
    oblivious = shape_config.patch(backed_size_oblivious=True)  # type: ignore[attr-defined]
    with oblivious, torch.no_grad():
        return torch.export.export(model, (example,), dynamic_shapes=(dynamic,), strict=False)
