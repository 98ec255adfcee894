"""Where a large picture is cut so that its pieces give what the whole gives. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..models.families import FAMILIES, FUSED_CHANNELS, check_family
from ..models.geometry import head_crops
from ..models.names import DEPTHS, Architecture

WHOLE_PIXELS = 2**21
"""Pictures of up to so many pixels are computed in one piece: 1920 x 1080 still is."""

TILE = 1024
"""Pixels along each side of what one piece adds to the maps; it sees some 50 pixels around them as well."""

STRIP_BYTES = 8 * 2**20
"""Float32 scores that are upsampled at a time."""

ALIGNMENT = 32
"""Pieces start at multiples of this, where the cells of all maps start, and the network pads to it."""


@dataclass(frozen=True)
class Span:
    """One piece along one axis.

    Attributes:
        start: First pixel of the picture that the piece sees.
        stop: The pixel behind its last one.
        first: First cell of pool4 that the piece adds.
        behind: The cell behind the last one that it adds.
    """

    start: int
    stop: int
    first: int
    behind: int

    def cells(self, pool: int) -> tuple[slice, slice]:
        """Return the cells of a pool that the piece adds: where in the whole map, and where in its own."""
        scale, own = 1 << (4 - pool), self.start // 16
        return (
            slice(self.first * scale, self.behind * scale),
            slice((self.first - own) * scale, (self.behind - own) * scale),
        )


@dataclass(frozen=True)
class Geometry:
    """What the cells of one network see of a picture.

    Attributes:
        stride: Stride of the scores that are upsampled last.
        final_crop: Upsampled rows, and columns, before the picture's first.
        padding: Padding of the first convolution.
        ceil_mode: Whether pools round sizes up; where they do not, the network pads to multiples of 32.
        halo: Pixels around its own 16 x 16 that a cell of pool4 sees.
        fc_channels: Channels of fc6 and fc7.
        fused: Channels of the decoder at each pool that it fuses.
    """

    stride: int
    final_crop: int
    padding: int
    ceil_mode: bool
    halo: int
    fc_channels: int
    fused: dict[int, int]

    @classmethod
    def of(cls, name: str, family: str) -> Geometry:
        """Work it out for a network, such as fcn8s_vgg16 of the family plain.

        Raises:
            ConfigError: there is no such network.
        """
        architecture, kind = Architecture.parse(name), FAMILIES[check_family(family)]
        depths = DEPTHS[architecture.backbone.removesuffix("_bn")]
        halo = sum(depth * 2**stage for stage, depth in enumerate(depths[:4]))
        _, crop = head_crops(architecture, check_family(family))
        fused = {pool: FUSED_CHANNELS[pool] for pool in architecture.skips} if kind.decodes else {}
        return cls(
            architecture.stride, crop, kind.first_padding, kind.ceil_mode, halo, kind.fc_channels, fused
        )

    def cells(self, length: int, pool: int) -> int:
        """Return how many cells of a pool a picture of `length` pixels has along an axis."""
        stride = 1 << pool
        unit = stride if self.ceil_mode else ALIGNMENT
        padded = -(-(length + 2 * (self.padding - 1)) // unit) * unit
        return padded // stride

    def spans(self, length: int) -> list[Span]:
        """Return the pieces of an axis of `length` pixels; together they add every cell of pool4 once."""
        shift = self.padding - 1  # cell j of pool4 is centred so many pixels before 16 j + 8
        spans, cells = [], self.cells(length, 4)
        for first in range(0, cells, TILE // 16):
            behind = min(first + TILE // 16, cells)
            start = max(0, min(16 * first - self.halo - shift, length - 1))
            stop = length if behind == cells else min(length, 16 * behind + self.halo - shift)
            spans.append(Span(start // ALIGNMENT * ALIGNMENT, stop, first, behind))
        return spans

    def strips(
        self, height: int, row_bytes: int, margins: tuple[int, int]
    ) -> Iterator[tuple[int, int, int, int]]:
        """Yield strips of the picture's rows, with the rows of scores that they depend on.

        Args:
            height: Rows of the picture.
            row_bytes: Bytes of one upsampled row.
            margins: Rows of scores above its own, and below, that a pixel depends on.

        Yields:
            First row of the picture, the row behind the last; first row of the scores, the row behind the
            last, which may lie outside.
        """
        above, below = margins
        rows = max(1, STRIP_BYTES // (row_bytes * self.stride)) * self.stride
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            first = (top + self.final_crop) // self.stride - above
            yield top, bottom, max(0, first), (bottom - 1 + self.final_crop) // self.stride + 1 + below

    def needed_bytes(self, pixels: int, num_classes: int, value_bytes: int) -> int:
        """Return how much memory the maps of one picture take, without the result and the weights.

        The first stage of a piece is alive alone; then pool4 and what the decoder takes of finer maps, with
        their copies, fc6 and fc7, the four planes of the decoder's finest step, and the scores.

        Args:
            pixels: Pixels of the picture.
            num_classes: Classes.
            value_bytes: Bytes of a number inside the network.
        """
        piece = min(pixels, max(WHOLE_PIXELS, (TILE + 2 * ALIGNMENT * 2) ** 2))
        first_stage = 2 * 64 * value_bytes * piece
        pool4 = 512 * (4 + value_bytes) / 16**2
        classifier = 2 * self.fc_channels * value_bytes / 32**2
        scores = 4 * 4 * num_classes / self.stride**2
        skips = sum(channels * (4 + value_bytes) / 4**pool for pool, channels in self.fused.items())
        decoder = 4 * self.fused.get(self.stride.bit_length() - 1, 0) * value_bytes / self.stride**2
        return int(first_stage + (pool4 + classifier + scores + skips + decoder) * pixels)
