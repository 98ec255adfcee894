"""One training step, a picture: the tutorial's loop against ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F

from pixelwise.models.fcn import FCN
from pixelwise.training.loss import cross_entropy
from pixelwise.training.module import parameter_groups
from pixelwise.training.precision import lightning_precision
from pixelwise.training.settings import TrainSettings

from .paired import take_turns
from .table import Section, times

NETWORK, CLASSES = "fcn8s_vgg16", 11
SHAPE = (4, 3, 352, 480)


def measure_training(rounds: int, shape: tuple[int, int, int, int] = SHAPE) -> Section:
    """Measure steps of the same network on the same batch."""
    precision = lightning_precision(TrainSettings(device="cpu"))
    contestants = {
        "tutorial: eager float32, Adam": _tutorial(shape),
        f"ours: {precision}, channels_last, all stages": _ours(shape, precision, frozen=0),
        f"ours: {precision}, channels_last, two stages frozen": _ours(shape, precision, frozen=2),
    }
    taken = take_turns(contestants, rounds)
    base = next(iter(taken.values()))
    return Section(
        "training",
        "A training step",
        f"{NETWORK} `plain`, {CLASSES} classes, {shape[0]} pictures of {shape[2]} x {shape[3]} a "
        f"step: forward, "
        "loss, backward and optimiser. Two frozen stages are the default for pretrained networks.",
        ("step", "s a picture", "against the tutorial"),
        [
            (name, f"{result.median / shape[0]:.2f}", times(result.times_quicker_than(base)))
            for name, result in taken.items()
        ],
        {"training": {name: result.median / shape[0] for name, result in taken.items()}},
    )


def _data(shape: tuple[int, int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    target = torch.randint(0, CLASSES, (shape[0], *shape[2:]), generator=generator)
    return images, target


def _tutorial(shape: tuple[int, int, int, int]) -> Callable[[], Any]:
    model = FCN(NETWORK, CLASSES, family="plain").train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-5)
    images, target = _data(shape)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(images), target).backward()
        optimizer.step()

    return step


def _ours(shape: tuple[int, int, int, int], precision: str, *, frozen: int) -> Callable[[], Any]:
    model = FCN(NETWORK, CLASSES, family="plain").to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    model.backbone.freeze(frozen)
    optimizer = torch.optim.AdamW(parameter_groups(model, TrainSettings(lr=1e-5)), fused=True)
    images, target = _data(shape)
    images = images.contiguous(memory_format=torch.channels_last)
    half = precision == "bf16-mixed"

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            loss = cross_entropy(model(images), target)
        loss.backward()
        optimizer.step()

    return step
