"""A GPU: one picture, and eight, to their masks; against the tutorial on the same GPU."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch

from pixelwise.engines.torch import TorchEngine
from pixelwise.models.cost import cost

from .baseline import NAME, Baseline
from .models import CLASSES, make_batch, make_weights
from .paired import take_turns
from .table import Section, milliseconds, times

SIDE = 8192
"""Rows and columns of the matrices that the card's own rate is measured with."""


def measure_gpu(
    folder: Path, name: str, sizes: list[int], rounds: int, *, device: str = "cuda", side: int = SIDE
) -> Section:
    """Measure the torch engines on a CUDA device.

    Args:
        folder: Where the model is made.
        name: The network.
        sizes: Sides of square pictures.
        rounds: Turns.
        device: A CUDA device.
        side: Rows and columns of the matrices that the rate is measured with.
    """
    weights = make_weights(folder, name)
    rate = _matrix_rate(device, side, rounds)
    usual: list[Any] = [Baseline(weights, device), TorchEngine.load(weights, device)]
    rows = []
    for size in sizes:
        for count in (1, 8):
            batch = make_batch(size, size).repeat(count, axis=0)
            compiled = TorchEngine.load(weights, device, compiled=True)  # anew: for one size only
            engines = (*usual, compiled)
            taken = take_turns({engine.name: partial(engine.masks, batch) for engine in engines}, rounds)
            operations = count * cost(name, CLASSES, (size, size), "plain").operations
            rows += [
                (
                    f"{count} of {size} x {size}",
                    label,
                    milliseconds(result.median / count),
                    times(result.times_quicker_than(taken[NAME])),
                    f"{operations / result.median / rate:.0%}",
                )
                for label, result in taken.items()
            ]
    return Section(
        "gpu",
        "A GPU",
        f"{name} `plain`, {CLASSES} classes, random weights; uint8 pictures in memory to uint8 masks in "
        "memory, copies to the card and back included. The tutorial's convolutions may use TF32, as is "
        "PyTorch's default. Share: operations of all convolutions a second, of the "
        f"{rate / 1e12:.0f} TFLOP/s at which the card multiplies bf16 matrices of {side} x {side}.",
        ("pictures", "engine", "ms a picture", "against the tutorial", "share"),
        rows,
    )


def _matrix_rate(device: str, side: int, rounds: int) -> float:
    """Return operations a second of a product of two matrices."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(side, side, generator=generator).to(device, torch.bfloat16) for _ in range(2))

    def multiply() -> None:
        for _ in range(10):
            product = a @ b
        float(product[0, 0])  # waits for it

    return 10 * 2 * side**3 / take_turns({"product": multiply}, rounds)["product"].median
