"""The three ways up from coarse scores to fine ones, one a family."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def bilinear_kernel(size: int) -> Tensor:
    """Return the (size, size) float32 kernel with which a transposed convolution interpolates bilinearly.

    Source: the release's surgery.py, `upsample_filt`.
    """
    factor = (size + 1) // 2
    center = factor - 1.0 if size % 2 == 1 else factor - 0.5
    axis = 1 - (torch.arange(size, dtype=torch.float64) - center).abs() / factor
    return torch.outer(axis, axis).float()


class Deconv(nn.ConvTranspose2d):
    """A transposed convolution from C scores to C scores, without padding and bias."""

    def __init__(self, channels: int, kernel: int, stride: int, init: Tensor) -> None:
        """Start as plain interpolation: every class's plane is upsampled with `init` (kernel, kernel)."""
        super().__init__(channels, channels, kernel, stride, bias=False)
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(channels), range(channels)] = init


class PlainUp(Deconv):
    """Kernel equal to stride: the tutorial's form. Starts as nearest-neighbour upsampling."""

    def __init__(self, channels: int, factor: int, *, relu: bool) -> None:
        """Upsample `factor` times; `relu` follows on all but the last step."""
        super().__init__(channels, factor, factor, torch.ones(factor, factor))
        self.relu = relu

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Upsample (N, C, H, W) to (N, C, factor H, factor W)."""
        x = super().forward(x, output_size)
        return F.relu(x) if self.relu else x


class CaffeUp(Deconv):
    """Kernel twice the stride: the paper's release. Starts as bilinear interpolation."""

    def __init__(self, channels: int, factor: int) -> None:
        """Upsample `factor` times, with a border that the crop behind it takes off."""
        super().__init__(channels, 2 * factor, factor, bilinear_kernel(2 * factor))


class AlignedUp(nn.Module):
    """Bilinear interpolation with pixel areas aligned: no weights, no shift, no border."""

    def __init__(self, factor: int) -> None:
        """Upsample `factor` times."""
        super().__init__()
        self.factor = float(factor)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample (N, C, H, W) to (N, C, factor H, factor W)."""
        return F.interpolate(x, scale_factor=self.factor, mode="bilinear", align_corners=False)
