"""The network as an OpenVINO model: .xml, and a .bin file with half-precision weights beside it."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch.jit._trace import TracerWarning

from ..checkpoint import ModelCard
from ..engines.openvino import OpenVinoEngine, write_graph
from ..engines.runtime import ov
from ..models.fcn import FCN

TOLERANCE = 0.01
"""Largest difference of logits, relative to the largest one; weights in half precision give 0.001."""

TRACED_SIZE = (70, 50)


def write_openvino(model: FCN, card: ModelCard, path: Path) -> OpenVinoEngine:
    """Write a network in evaluation mode, and return what computes the file in float32."""
    graph = _trace(model, ov.Type(card.form.dtype))
    write_graph(graph, card, path)
    return OpenVinoEngine(path, exact=True)


def _trace(model: FCN, kind: ov.Type) -> ov.Model:
    """Return the network as an OpenVINO graph for pictures of a number type, all but channels dynamic."""
    from openvino.frontend.pytorch.ts_decoder import (
        TorchScriptPythonDecoder,
    )  # after `runtime`, for what that leaves out

    example = torch.zeros(1, model.in_channels, *TRACED_SIZE, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.filterwarnings("ignore", category=TracerWarning)
        warnings.filterwarnings("ignore", "`torch.jit.trace", DeprecationWarning)
        traced = torch.jit.trace(model, example, check_trace=False)  # type: ignore[no-untyped-call]
    # Not openvino.convert_model: see `runtime`.
    frontend = ov.frontend.FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced)  # has to live until it is converted
    graph = frontend.convert(frontend.load(decoder))
    graph.get_parameters()[0].set_element_type(kind)
    graph.reshape([-1, model.in_channels, -1, -1])
    return graph
