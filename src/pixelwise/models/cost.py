"""What a network costs, by arithmetic alone. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ConfigError
from .families import FAMILIES, FUSED_CHANNELS, FamilyName, check_family
from .names import DEPTHS, MAPS, Architecture


@dataclass(frozen=True)
class Cost:
    """What a network costs for one picture.

    Attributes:
        parameters: Numbers that training changes.
        operations: Multiplications and additions of all convolutions and transposed convolutions.
        stride: Pixels between the cells of the finest map that is fused.
        receptive_field: Pixels, along one axis, that the scores of a pixel depend on at most.
    """

    parameters: int
    operations: int
    stride: int
    receptive_field: int


@dataclass(frozen=True)
class _Layer:
    """A convolution: kernel, channels and the cells on which it is placed; `scalars` beside the weights."""

    kernel: int
    inputs: int
    outputs: int
    scalars: int
    cells: int

    @property
    def weights(self) -> int:
        return self.kernel**2 * self.inputs * self.outputs


def cost(
    name: str,
    num_classes: int = 21,
    size: tuple[int, int] = (480, 640),
    family: FamilyName = "aligned",
    in_channels: int = 3,
) -> Cost:
    """Count what the network `name` costs for one picture.

    Args:
        name: A name that `pixelwise.create_model` takes.
        num_classes: Classes, background included.
        size: Height and width of the picture in pixels.
        family: plain, caffe or aligned.
        in_channels: Channels of the picture.

    Raises:
        ConfigError: no such name or family, or a number below 1.
    """
    architecture = Architecture.parse(name)
    check_family(family)
    if min(num_classes, in_channels, *size) < 1:
        raise ConfigError(
            f"classes, channels and sizes start at 1, found {num_classes}, {in_channels} and {size}"
        )
    layers = list(_layers(architecture, num_classes, size, family, in_channels))
    return Cost(
        sum(layer.weights + layer.scalars for layer in layers),
        sum(2 * layer.weights * layer.cells for layer in layers),
        architecture.stride,
        _receptive_field(architecture, family),
    )


def _layers(
    architecture: Architecture, num_classes: int, size: tuple[int, int], family: FamilyName, in_channels: int
) -> Iterator[_Layer]:
    """Yield the network's convolutions in the order in which they run."""
    kind = FAMILIES[family]
    sides = list(size) if family == "caffe" else [side + -side % 32 for side in size]
    channels, padding, pool_cells = in_channels, kind.first_padding, {}
    scalars = 3 if architecture.backbone.endswith("_bn") else 1  # bias; BatchNorm's weight and bias
    for pool, depth in enumerate(DEPTHS[architecture.backbone.removesuffix("_bn")], start=1):
        for _ in range(depth):
            sides = [side + 2 * padding - 2 for side in sides]
            outputs = MAPS[pool - 1].channels
            yield _Layer(3, channels, outputs, scalars * outputs, math.prod(sides))
            channels, padding = outputs, 1
        sides = [(side + kind.ceil_mode) // 2 for side in sides]
        pool_cells[pool] = math.prod(sides)

    sides = [side + 2 * kind.fc6_padding - kind.fc6_kernel + 1 for side in sides]
    for kernel, inputs, outputs in (
        (kind.fc6_kernel, channels, kind.fc_channels),
        (1, kind.fc_channels, kind.fc_channels),
        (1, kind.fc_channels, num_classes),
    ):
        yield _Layer(kernel, inputs, outputs, outputs, math.prod(sides))
    channels = kind.fc_channels
    for pool in architecture.skips:
        kernel = _up_kernel(family, 2)
        yield _Layer(kernel, num_classes, num_classes, 0, math.prod(sides))
        scored = MAPS[pool - 1].channels
        if kind.decodes:
            scored = FUSED_CHANNELS[pool]
            yield _Layer(1, channels, scored, 0, math.prod(sides))
            yield _Layer(1, MAPS[pool].channels, scored, scored, pool_cells[pool])
            yield _Layer(3, scored, scored, scored, pool_cells[pool])
            channels = scored
        sides = [2 * side - 2 + max(kernel, 2) for side in sides]
        yield _Layer(1, scored, num_classes, num_classes, pool_cells[pool])
    yield _Layer(_up_kernel(family, architecture.stride), num_classes, num_classes, 0, math.prod(sides))


def _up_kernel(family: FamilyName, factor: int) -> int:
    """Return the kernel of a step up; 0 where none is learned: `aligned` interpolates."""
    return {"plain": factor, "caffe": 2 * factor, "aligned": 0}[family]


def _receptive_field(architecture: Architecture, family: FamilyName) -> int:
    kind = FAMILIES[family]
    depths = DEPTHS[architecture.backbone.removesuffix("_bn")]
    below = 1 + sum((2 * depth + 1) << stage for stage, depth in enumerate(depths))
    return (
        below
        + 32 * (kind.fc6_kernel - 1)
        + 32 * max(_coarse_cells(pixel, architecture, family) - 1 for pixel in range(32))
    )


def _coarse_cells(pixel: int, architecture: Architecture, family: FamilyName) -> int:
    """Return from how many neighbouring cells of pool5, along one axis, a pixel's scores are made."""
    first = last = pixel
    around = 1 if FAMILIES[family].decodes else 0  # cells on each side that a step of the decoder mixes
    for step, factor in enumerate([architecture.stride, *(2 for _ in architecture.skips)]):
        kernel = _up_kernel(family, factor) or 2 * factor  # interpolation reads as far as such a kernel
        mixed = around if step else 0
        first, last = -((kernel - 1 - first + mixed) // factor), (last + mixed) // factor
    return last - first + 1
