"""VGG backbones: five stages, five maps.

Source: Simonyan, Zisserman 2015, table 1, columns A, B, D and E; layers numbered as torchvision's `features`.
"""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from ..errors import ConfigError
from .names import DEPTHS, MAPS, check_backbone


class VGG(nn.Module):
    """The convolutions of a VGG, cut at its pools.

    Each stage is a Sequential whose layers keep the number they have in torchvision's `features`, so
    `features.17.weight` there is `pool4.17.weight` here.

    Attributes:
        maps: Name, channels and stride of the five maps, in the order in which `forward` returns them.
    """

    maps = MAPS

    def __init__(self, name: str, in_channels: int = 3, *, first_padding: int = 1, ceil_mode: bool = False):
        """Build the stages with Kaiming weights.

        Args:
            name: vgg11, vgg13, vgg16 or vgg19, with _bn behind it for BatchNorm.
            in_channels: Channels of the input.
            first_padding: Padding of the first convolution; 100 in the paper's release.
            ceil_mode: Whether the pools round sizes up.

        Raises:
            ConfigError: no backbone has this name, or `in_channels` is below 1.
        """
        super().__init__()
        check_backbone(name)
        if in_channels < 1:
            raise ConfigError(f"in_channels starts at 1, found {in_channels}")
        self.name = name
        self.frozen_stages = 0
        batch_norm = name.endswith("_bn")
        channels, number = in_channels, 0
        for feature_map, depth in zip(MAPS, DEPTHS[name.removesuffix("_bn")], strict=True):
            stage = nn.Sequential()
            for _ in range(depth):
                padding = first_padding if number == 0 else 1
                layers: list[nn.Module] = [nn.Conv2d(channels, feature_map.channels, 3, padding=padding)]
                if batch_norm:
                    layers.append(nn.BatchNorm2d(feature_map.channels))
                layers.append(nn.ReLU(inplace=True))
                for layer in layers:
                    stage.add_module(str(number), layer)
                    number += 1
                channels = feature_map.channels
            stage.add_module(str(number), nn.MaxPool2d(2, 2, ceil_mode=ceil_mode))
            number += 1
            self.add_module(feature_map.name, stage)
        self.apply(_init_layer)

    def forward(self, x: Tensor, *, deepest: bool = False) -> tuple[Tensor, ...]:
        """Return the maps pool1 to pool5 of a normalised batch (N, in_channels, H, W), finest first.

        Args:
            x: The batch.
            deepest: Give, in place of pool1 to pool4, the deepest maps of the same strides: those that go
                into the next pools.
        """
        maps = []
        for feature_map in MAPS:
            *layers, pool = self.get_submodule(feature_map.name).children()
            for layer in layers:
                x = layer(x)
            if deepest and feature_map.stride > 2:  # of full size, the first is never kept longer than needed
                maps.append(x)
            x = pool(x)
            if not deepest or feature_map is MAPS[-1]:
                maps.append(x)
        return tuple(maps)

    def freeze(self, stages: int) -> None:
        """Keep the weights of the first `stages` stages (0 to 5) as they are, BatchNorm statistics included.

        Edges and colours of a pretrained network serve any pictures, and these stages cost most to train.
        Source: Girshick, "Fast R-CNN", 2015, section 4.5, which trains VGG16 from conv3_1 up.
        """
        self.frozen_stages = stages
        for place, feature_map in enumerate(MAPS):
            self.get_submodule(feature_map.name).requires_grad_(place >= stages)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; frozen stages stay in evaluation mode."""
        super().train(mode)
        for feature_map in MAPS[: self.frozen_stages]:
            self.get_submodule(feature_map.name).eval()
        return self

    def convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions, first to last."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)]


def _init_layer(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
