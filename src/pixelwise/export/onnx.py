"""The network as an ONNX model: one file, with the card in its metadata."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..checkpoint import METADATA_KEY, ModelCard
from ..engines.onnx import INPUT, LOGITS, MASKS, OnnxEngine
from ..models.fcn import FCN
from .program import trace_program

TOLERANCE = 1e-3
"""Largest difference of logits, relative to the largest one; the order of additions gives 1e-6."""


class _WithMasks(nn.Module):
    """A network that gives its logits and the best class's id of every pixel."""

    def __init__(self, model: FCN) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (N, C, H, W) float32 and ids (N, H, W) uint8."""
        logits: Tensor = self.model(images)
        return logits, logits.argmax(1).to(torch.uint8)


def write_onnx(model: FCN, card: ModelCard, path: Path) -> OnnxEngine:
    """Write a network in evaluation mode, and return what computes the file."""
    import onnx_ir

    with _quiet_exporter():
        program = torch.onnx.export(
            trace_program(_WithMasks(model).eval(), model.in_channels),
            dynamo=True,
            input_names=[INPUT],
            output_names=[LOGITS, MASKS],
            verbose=False,
        )
    assert program is not None  # it is None for the deprecated exporter alone
    graph = program.model.graph
    if card.form.dtype is np.float32:
        graph.inputs[0].dtype = onnx_ir.DataType.FLOAT
    graph.inputs[0].shape = onnx_ir.Shape(["batch", model.in_channels, "height", "width"])
    graph.outputs[0].shape = onnx_ir.Shape(["batch", model.num_classes, "height", "width"])
    graph.outputs[1].shape = onnx_ir.Shape(["batch", "height", "width"])
    program.model.metadata_props[METADATA_KEY] = card.to_json()
    program.save(path)
    return OnnxEngine(path)


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's words to its developers from users."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
