"""The three families of networks and what sets them apart. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ConfigError

FamilyName = Literal["plain", "caffe", "aligned"]

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
CAFFE_MEAN = (122.67892, 116.66877, 104.00699)

AT_ONCE_SCALES = {4: 0.01, 3: 0.0001}
"""What pool4 and pool3 are multiplied by in the paper's at-once form, before they are scored."""


FUSED_CHANNELS = {4: 256, 3: 256, 2: 128, 1: 64}
"""Channels of the decoder of the family `aligned` at the stride of each pool."""


@dataclass(frozen=True)
class Family:
    """How one family differs from the others.

    Attributes:
        fc6_kernel: Kernel of fc6.
        fc6_padding: Padding of fc6.
        fc_channels: Channels of fc6 and fc7.
        first_padding: Padding of the first convolution.
        ceil_mode: Whether pools round sizes up.
        bgr: Whether the backbone wants blue first; the network takes RGB all the same.
        mean: Mean of an RGB input, 0..255.
        std: Deviation of an RGB input, 0..255.
        drops_channels: Whether dropout drops whole channels instead of single elements.
        dropout: Share that dropout drops while training.
        decodes: Whether skips are fused as features, by a decoder, and then scored, instead of as scores. The
            maps fused are the deepest of each stride, those that go into the next pool, instead of the pools,
            and all maps are brought to one size first.
    """

    fc6_kernel: int
    fc6_padding: int
    fc_channels: int
    first_padding: int = 1
    ceil_mode: bool = False
    bgr: bool = False
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    drops_channels: bool = False
    dropout: float = 0.5
    decodes: bool = False


FAMILIES: dict[FamilyName, Family] = {
    "plain": Family(1, 0, 4096, drops_channels=True),
    "caffe": Family(
        7, 0, 4096, first_padding=100, ceil_mode=True, bgr=True, mean=CAFFE_MEAN, std=(1.0, 1.0, 1.0)
    ),
    "aligned": Family(7, 3, 1024, dropout=0.2, decodes=True),
}


def check_family(family: str) -> FamilyName:
    """Return `family` if there is one of that name.

    Raises:
        ConfigError: there is none.
    """
    if family not in FAMILIES:
        raise ConfigError(f"no family is named '{family}', expected plain, caffe or aligned")
    return family
