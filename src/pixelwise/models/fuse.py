"""One step of the decoder of the family `aligned`: coarse features meet a finer map."""

from __future__ import annotations

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn


class Fuse(nn.Module):
    """Features of one stride from those of twice the stride and a map of the backbone.

    A sum of scores, as in the other families, can only add up what each stride says by itself. Here a fine
    map is read in the light of what the coarse features know: a thin upright line is a pole beside a road
    and a trunk beneath a crown.
    """

    def __init__(self, skip_channels: int, coarse_channels: int, channels: int) -> None:
        """Build the step.

        Args:
            skip_channels: Channels of the backbone's map.
            coarse_channels: Channels of the coarse features.
            channels: Channels of the features that come out.
        """
        super().__init__()
        self.skip = nn.Conv2d(skip_channels, channels, 1)
        self.coarse = nn.Conv2d(coarse_channels, channels, 1, bias=False)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
        for layer in (self.skip, self.coarse, self.mix):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, skip: Tensor, coarse: Tensor) -> Tensor:
        """Return features (N, channels, 2 H, 2 W) from a map (N, _, 2 H, 2 W) and features (N, _, H, W)."""
        # Channels are mixed before the step up: the same sum as behind it, at a quarter of the work.
        coarse = F.interpolate(self.coarse(coarse), scale_factor=2.0, mode="bilinear", align_corners=False)
        return F.relu(cast(Tensor, self.mix(F.relu(self.skip(skip) + coarse))))
