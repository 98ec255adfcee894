"""The networks that are measured, and every engine that can compute them here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pixelwise.checkpoint import save_model
from pixelwise.data.shapes import draw_scene
from pixelwise.engines.choose import ModelFiles
from pixelwise.engines.openvino import OpenVinoEngine, read_graph, write_graph
from pixelwise.export.write import export_model
from pixelwise.labels import Labels
from pixelwise.models.fcn import FCN
from pixelwise.quantization.calibration import fit_layers, read_folded
from pixelwise.quantization.layers import put_in

from .baseline import Baseline

CLASSES = 21
INT8_NAME = "quantized.xml"  # no name that pixelwise takes by itself: nothing bounds what it loses


def make_model(folder: Path, name: str, *, onnx: bool = False, int8: bool = False) -> Path:
    """Make a `plain` network with random weights in a folder of its own, exported, and return the folder."""
    run = folder / name
    if not (run / "model.xml").exists():
        make_weights(folder, name)
        export_model(run)
        if onnx and importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnxscript"):
            export_model(run, "onnx")
        if int8 and importlib.util.find_spec("nncf"):
            quantize(run / "model.xml", run / INT8_NAME)
    return run


def make_weights(folder: Path, name: str) -> Path:
    """Make a `plain` network with random weights, and return its file, in a folder of its own."""
    weights = folder / name / "model.safetensors"
    if not weights.exists():
        torch.manual_seed(0)
        save_model(weights, FCN(name, CLASSES, family="plain"), Labels.numbered(CLASSES))
    return weights


def load_engines(run: Path, *, compiled: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield name and engine for everything that computes the model in a folder, the baseline first."""
    from pixelwise.engines.torch import TorchEngine

    yield Baseline.name, Baseline(run / "model.safetensors")
    engines: list[Any] = [TorchEngine.load(run / "model.safetensors", "cpu")]
    if compiled:
        engines.append(TorchEngine.load(run / "model.safetensors", "cpu", compiled=True))
    if (run / "model.onnx").exists():
        from pixelwise.engines.onnx import OnnxEngine

        engines.append(OnnxEngine(run / "model.onnx"))
    exact, usual = OpenVinoEngine(run / "model.xml", exact=True), OpenVinoEngine(run / "model.xml")
    engines += [exact, usual] if usual.name != exact.name else [exact]
    for engine in engines:
        yield engine.name, engine
    for int8 in (run / INT8_NAME, ModelFiles.find(run).export_path("openvino-int8")):
        if int8.exists():
            yield "openvino int8", OpenVinoEngine(int8)


def precision(engine: str) -> str:
    """Return the number format that an engine's name tells."""
    return next((word for word in ("int8", "bf16", "f16") if word in engine), "float32")


def make_batch(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return one generated picture, repeated to a size, as a batch (1, 3, H, W)."""
    picture = draw_scene(np.random.default_rng(seed), (256, 256))[0][:224, :224]
    rows, columns = -(-height // 224), -(-width // 224)
    tiled = np.tile(picture, (rows, columns, 1))[:height, :width]
    return np.ascontiguousarray(tiled.transpose(2, 0, 1))[None]


def quantize(path: Path, out: Path) -> None:
    """Write a graph in int8 as `pixelwise quantize` does, fitted to a few generated pictures.

    For speed alone: its layers are not put back, whatever the model loses.
    """
    pictures = [make_batch(192, 192, seed) for seed in range(4)]
    graph, (_, card) = read_folded(path), read_graph(path)
    write_graph(put_in(graph, fit_layers(graph, lambda: iter(pictures), len(pictures))), card, out)
