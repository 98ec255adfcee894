"""Where the cells of a feature map lie on the picture, and the crops that follow from it. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .families import FAMILIES, FamilyName
from .names import DEPTHS, Architecture


@dataclass(frozen=True)
class Grid:
    """Cell i of a map is centred on pixel `stride * i + offset` of the picture.

    Attributes:
        stride: Pixels between neighbouring cells.
        offset: Pixel that cell 0 is centred on; a half means between two pixels.
    """

    stride: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def conv(self, kernel: int, stride: int = 1, padding: int = 0) -> Grid:
        """Return the grid behind a convolution or a pooling."""
        return Grid(self.stride * stride, self.offset + self.stride * (Fraction(kernel - 1, 2) - padding))

    def deconv(self, kernel: int, stride: int) -> Grid:
        """Return the grid behind a transposed convolution without padding."""
        fine = self.stride / stride
        return Grid(fine, self.offset - fine * Fraction(kernel - 1, 2))

    def crop_to(self, other: Grid) -> int:
        """Return how many of this map's first cells to drop so that its cell 0 lies on `other`'s cell 0.

        Raises:
            ValueError: no whole number of cells does it, or the strides differ.
        """
        cells = (other.offset - self.offset) / self.stride
        if self.stride != other.stride or cells.denominator != 1 or cells < 0:
            raise ValueError(f"{self} cannot be cropped to {other}")
        return int(cells)


def head_crops(architecture: Architecture, family: FamilyName) -> tuple[dict[int, int], int]:
    """Return how many cells are dropped from each skip's scores, by pool, and from the last upsampling.

    Source: computed from kernels, strides and paddings, as Caffe's crop layers are in the paper's release.
    """
    kind = FAMILIES[family]
    if family != "caffe":  # kernel = stride and pixel areas aligned: cell 0 begins where pixel 0 begins
        return dict.fromkeys(architecture.skips, 0), 0
    pools = backbone_grids(architecture.backbone, kind.first_padding)
    grid = pools[5].conv(kind.fc6_kernel, padding=kind.fc6_padding)
    crops = {}
    for pool in architecture.skips:
        grid = grid.deconv(4, 2)
        crops[pool] = pools[pool].crop_to(grid)
    return crops, grid.deconv(2 * architecture.stride, architecture.stride).crop_to(Grid())


def backbone_grids(backbone: str, first_padding: int) -> dict[int, Grid]:
    """Return where the cells of the backbone's five pools lie on the picture, by pool."""
    grid, pools, padding = Grid(), {}, first_padding
    for pool, depth in enumerate(DEPTHS[backbone.removesuffix("_bn")], start=1):
        for _ in range(depth):
            grid = grid.conv(3, padding=padding)
            padding = 1
        grid = pools[pool] = grid.conv(2, 2)
    return pools
