"""One training step, a picture: the tutorial's loop against ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from pixelwise.models.fcn import FCN
from pixelwise.training.allocator import kept_memory
from pixelwise.training.loss import cross_entropy
from pixelwise.training.module import parameter_groups
from pixelwise.training.precision import lightning_precision, memory_format
from pixelwise.training.settings import TrainSettings

from .paired import take_turns
from .table import Section, times

NETWORK, CLASSES = "fcn8s_vgg16", 11
SHAPE = (4, 3, 352, 480)


def measure_training(rounds: int, shape: tuple[int, int, int, int] = SHAPE) -> Section:
    """Measure steps of the same network on the same batch, each kind of step in a process of its own."""
    precision = lightning_precision(TrainSettings(device="cpu"))
    last = _layout(precision) == torch.channels_last
    ours = f"ours: {precision}, {'channels last' if last else 'channels first'}"
    kept = kept_memory()
    with ExitStack() as stack:
        contestants = {
            name: stack.enter_context(Steps(kind, shape, environment))
            for name, kind, environment in (
                ("tutorial: eager float32, Adam", "tutorial", {}),
                (f"{ours}, all stages, the system's allocator", "0", {}),
                (f"{ours}, all stages", "0", kept),
                (f"{ours}, two stages frozen", "2", kept),
            )
        }
        taken = take_turns(contestants, rounds)
    base = next(iter(taken.values()))
    return Section(
        "training",
        "A training step",
        f"{NETWORK} `plain`, {CLASSES} classes, {shape[0]} pictures of {shape[2]} x {shape[3]} a "
        "step: forward, loss, backward and optimiser. Two frozen stages are the default for pretrained "
        "networks. Where nothing is said, memory is kept from step to step, as `pixelwise train` does. "
        "Least: the quickest turn of each, which others on the machine disturbed least.",
        ("step", "s a picture", "against the tutorial", "least", "least against least"),
        [
            (
                name,
                f"{result.median / shape[0]:.2f}",
                times(result.times_quicker_than(base)),
                f"{result.least / shape[0]:.2f}",
                times(base.least / result.least),
            )
            for name, result in taken.items()
        ],
        {"training": {name: result.median / shape[0] for name, result in taken.items()}},
    )


class Steps:
    """A process that trains step by step, one for every call."""

    def __init__(self, kind: str, shape: tuple[int, int, int, int], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.training", kind, *map(str, shape)],
            env=os.environ | environment,
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self) -> None:
        """Take a step.

        Raises:
            RuntimeError: the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError(f"{self._process.args} has ended")

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def _serve(kind: str, shape: tuple[int, int, int, int]) -> None:
    """Take a step for every line of the standard input, and answer with a line."""
    precision = lightning_precision(TrainSettings(device="cpu"))
    step = _tutorial(shape) if kind == "tutorial" else _ours(shape, precision, frozen=int(kind))
    for _ in sys.stdin:
        step()
        print("done", flush=True)


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


def _layout(precision: str) -> torch.memory_format:
    return memory_format(precision, torch.device("cpu"))


def _ours(shape: tuple[int, int, int, int], precision: str, *, frozen: int) -> Callable[[], Any]:
    model = FCN(NETWORK, CLASSES, family="plain").train()
    model.to(memory_format=_layout(precision))  # type: ignore[call-overload]
    model.backbone.freeze(frozen)
    optimizer = torch.optim.AdamW(parameter_groups(model, TrainSettings(lr=1e-5)), fused=True)
    images, target = _data(shape)
    half = precision == "bf16-mixed"

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            loss = cross_entropy(model(images), target)
        loss.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    batch, channels, height, width = map(int, sys.argv[2:])
    _serve(sys.argv[1], (batch, channels, height, width))
