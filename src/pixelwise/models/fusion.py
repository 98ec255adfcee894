"""How the family `aligned` goes up: it fuses features, where the other families add scores."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .upsample import AlignedUp


class Fusion(nn.Module):
    """One step up: the coarser features upsampled twice, plus the skip's, mixed by a 3x3 convolution.

    Scores have one channel a class, too few to say "thin and upright, on sky"; features have as many as it
    takes. Normalisation is BatchNorm, which is folded into the convolution when a network is exported and,
    other than GroupNorm, makes no pixel depend on the whole picture.

    Source: the lateral connections of Lin et al., "Feature Pyramid Networks", 2017, section 3.
    """

    def __init__(self, skip_channels: int, channels: int) -> None:
        """Fuse a skip of `skip_channels` into features of `channels`."""
        super().__init__()
        self.up = AlignedUp(2)
        self.lateral = nn.Conv2d(skip_channels, channels, 1)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Return features (N, channels, 2H, 2W) of `coarse` (N, channels, H, W) and `skip` (N, ., 2H, 2W)."""
        return F.relu(self.norm(self.conv(self.up(coarse) + self.lateral(skip))))
