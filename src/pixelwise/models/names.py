"""The names of the networks, and what each stands for. Needs no torch."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from ..errors import ConfigError

STRIDES = (32, 16, 8, 4, 2)

DEPTHS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
"""Convolutions in each of the five stages."""


@dataclass(frozen=True)
class FeatureMap:
    """What one of the backbone's maps is.

    Attributes:
        name: pool1 to pool5.
        channels: Channels of the map.
        stride: Pixels of the picture that one cell stands for, along each axis.
    """

    name: str
    channels: int
    stride: int


MAPS = tuple(
    FeatureMap(f"pool{k}", channels, 2**k) for k, channels in enumerate((64, 128, 256, 512, 512), start=1)
)


@dataclass(frozen=True)
class Architecture:
    """What a name such as fcn8s_vgg16_bn says.

    Attributes:
        stride: Stride of the finest map that is fused: 32, 16, 8, 4 or 2.
        backbone: vgg11, vgg13, vgg16 or vgg19, with _bn behind it for the form with BatchNorm.
    """

    stride: int
    backbone: str

    @property
    def name(self) -> str:
        """The whole name, fcn{stride}s_{backbone}."""
        return f"fcn{self.stride}s_{self.backbone}"

    @property
    def skips(self) -> tuple[int, ...]:
        """The pools that are fused after pool5, coarse to fine: (4, 3) for stride 8."""
        return tuple(pool for pool in (4, 3, 2, 1) if 2**pool >= self.stride)

    @classmethod
    def parse(cls, name: str) -> Architecture:
        """Read a name.

        Raises:
            ConfigError: no network has this name; the message lists the nearest ones.
        """
        if name not in model_names():
            raise ConfigError(f"no network is named '{name}'; {_nearest(name, model_names())}")
        match = re.fullmatch(r"fcn(\d+)s_(\w+)", name)
        assert match
        return cls(int(match[1]), match[2])


def backbone_names() -> list[str]:
    """Return the names of all backbones, the _bn forms behind the plain ones."""
    return [*DEPTHS, *(f"{name}_bn" for name in DEPTHS)]


def model_names() -> list[str]:
    """Return the names of all networks: 5 strides x 4 backbones, then the same with BatchNorm."""
    return [f"fcn{stride}s_{backbone}" for backbone in backbone_names() for stride in STRIDES]


def check_backbone(name: str) -> str:
    """Return `name` if it is a backbone's.

    Raises:
        ConfigError: it is not; the message lists the nearest ones.
    """
    if name not in backbone_names():
        raise ConfigError(f"no backbone is named '{name}'; {_nearest(name, backbone_names())}")
    return name


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=4, cutoff=0.4) or known[:4]
    return f"the nearest are {', '.join(near)} (`pixelwise models` lists all)"
