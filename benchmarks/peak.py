"""How quickly this machine computes convolutions at all: 3x3, 256 channels, without anything around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from pixelwise.engines.runtime import core, ops, ov

from .paired import take_turns
from .table import Section

CHANNELS, SIDE, LAYERS = 256, 64, 6
OPERATIONS = 2 * 9 * CHANNELS**2 * SIDE**2 * LAYERS


def measure_peak(rounds: int) -> Section:
    """Measure the rate of a chain of convolutions in each number format and library."""
    contestants: dict[str, Callable[[], Any]] = {
        "torch float32": _torch_chain(torch.float32),
        "torch bf16": _torch_chain(torch.bfloat16),
        "openvino float32": _openvino_chain("f32"),
        "openvino bf16": _openvino_chain("bf16"),
        "openvino int8": _openvino_chain("f32", int8=True),
    }
    taken = take_turns(contestants, rounds)
    rates = {name: OPERATIONS / times.median / 1e12 for name, times in taken.items()}
    best: dict[str, float] = {}
    for name, rate in rates.items():
        number_format = name.split()[1]
        best[number_format] = max(rate, best.get(number_format, 0))
    return Section(
        "peak",
        "What the machine can do",
        f"A chain of {LAYERS} convolutions, 3x3, {CHANNELS} to {CHANNELS} channels, on {SIDE} x "
        f"{SIDE} cells, "
        "without activations in between; median and largest of the rates.",
        ("convolutions", "TFLOP/s", "at most"),
        [
            (name, f"{rate:.2f}", f"{OPERATIONS / taken[name].least / 1e12:.2f}")
            for name, rate in rates.items()
        ],
        {"peak": best},
    )


def _torch_chain(dtype: torch.dtype) -> Callable[[], Any]:
    layers = torch.nn.Sequential(
        *(torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False) for _ in range(LAYERS))
    )
    layers = layers.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(1, CHANNELS, SIDE, SIDE).to(dtype=dtype, memory_format=torch.channels_last)

    def run() -> Any:
        with torch.inference_mode():
            return layers(x)

    return run


def _openvino_chain(precision: str, *, int8: bool = False) -> Callable[[], Any]:
    random = np.random.default_rng(0)
    parameter = ops.parameter([1, CHANNELS, SIDE, SIDE], np.float32)
    x: Any = parameter
    for _ in range(LAYERS):
        weights: Any = ops.constant(random.normal(0, 0.03, (CHANNELS, CHANNELS, 3, 3)).astype(np.float32))
        if int8:
            x = _quantized(x, 0.0, 4.0, 256)
            weights = _quantized(weights, -0.1, 0.1, 255)
        x = ops.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    graph = ov.Model([ops.reduce_max(x, np.array([1, 2, 3]))], [parameter], "peak")
    request = (
        core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": precision}).create_infer_request()
    )
    images = random.normal(0, 1, (1, CHANNELS, SIDE, SIDE)).astype(np.float32)
    return lambda: request.infer([images], share_inputs=True)


def _quantized(x: Any, low: float, high: float, levels: int) -> Any:
    bounds = [np.float32(value) for value in (low, high, low, high)]
    return ops.fake_quantize(x, *bounds, levels)
