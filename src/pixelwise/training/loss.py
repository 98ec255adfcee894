"""Losses that ignore pixels, weigh classes, and are the same however a batch is shared out."""

from __future__ import annotations

import kornia.losses
import torch
import torch.distributed
import torch.nn.functional as F
from torch import Tensor

from ..labels import IGNORE_INDEX


def cross_entropy(logits: Tensor, target: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """Return the mean loss over the pixels that have a class.

    The mean is over the pixels of all processes: gradients averaged over processes equal those of one process
    that sees the whole batch.

    Args:
        logits: (N, C, H, W); computed with in float32.
        target: (N, H, W) int64 class ids or the ignored id.
        class_weights: (C,) factor of each class's pixels, or None for 1.

    Returns:
        A scalar; 0 if no pixel has a class.
    """
    total = F.cross_entropy(logits.float(), target, class_weights, ignore_index=IGNORE_INDEX, reduction="sum")
    valid = target != IGNORE_INDEX
    count = valid.sum() if class_weights is None else class_weights[target[valid]].sum()
    count = count.float()
    world = 1
    if torch.distributed.is_available() and torch.distributed.is_initialized() and torch.is_grad_enabled():
        torch.distributed.all_reduce(count)
        world = torch.distributed.get_world_size()
    return total * world / count.clamp(min=1e-12)


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return one minus the Dice score, a mean over the classes that are in a picture and over pictures.

    Each class counts alike, however few pixels it has: what mean IoU asks for, where cross entropy counts
    pixels.

    Args:
        logits: (N, C, H, W); computed with in float32.
        target: (N, H, W) int64 class ids or the ignored id.

    Source: Milletari et al., "V-Net", 2016, section 3; computed by kornia.
    """
    with torch.autocast(logits.device.type, enabled=False):
        return kornia.losses.dice_loss(logits.float(), target, "macro", ignore_index=IGNORE_INDEX)


def weights_from_pixels(pixels: Tensor) -> Tensor:
    """Return class weights (C,) with mean 1 from pixel counts (C,): the inverse root of each class's share.

    Classes without pixels weigh as much as the rarest class that has some.
    """
    counts = pixels.double()
    counts = torch.where(counts > 0, counts, counts[counts > 0].min())
    weights = (counts / counts.sum()).rsqrt()
    return (weights / weights.mean()).float()
