"""Styles of pictures, mixed while training, so that a network relies less on one light or camera."""

from __future__ import annotations

import torch
from torch import Tensor

STYLED_STAGES = ("pool1", "pool2")
"""Stages of the backbone whose maps take part: the first, whose statistics tell light and colours."""

CONCENTRATION = 0.1
"""Of the Beta distribution of shares: most maps take nearly all or nearly nothing of another's style."""


def mix_styles(maps: Tensor) -> Tensor:
    """Give each map of a batch some of the mean and deviation, by channel, of another map of the batch.

    Args:
        maps: (N, C, H, W).

    Returns:
        Maps of the same size and dtype, with what is in them unmoved. All randomness is torch's own.

    Source: Zhou, Yang, Qiao, Xiang, "Domain Generalization with MixStyle", ICLR 2021, algorithm 1.
    """
    count = len(maps)
    values = maps.float()
    with torch.no_grad():
        var, mean = torch.var_mean(values, (2, 3), correction=0, keepdim=True)
        std = (var + 1e-6).sqrt()
        own = torch.distributions.Beta(CONCENTRATION, CONCENTRATION).sample((count, 1, 1, 1)).to(std)
        other = torch.randperm(count, device=std.device)
        new_std, new_mean = torch.lerp(std[other], std, own), torch.lerp(mean[other], mean, own)
        factor = new_std / std
        offset = new_mean - mean * factor
    return (values * factor + offset).to(maps.dtype)
