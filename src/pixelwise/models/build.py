"""Make networks and backbones by name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from .convert import load_weights
from .download import weights_file
from .families import FamilyName
from .fcn import FCN
from .vgg import VGG

_log = logging.getLogger(__name__)

Weights = str | Path | Mapping[str, Tensor]


def create_model(
    name: str,
    num_classes: int,
    *,
    family: FamilyName = "aligned",
    in_channels: int = 3,
    weights: Weights | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    at_once: bool = False,
) -> FCN:
    """Make a network.

    It maps pictures (N, in_channels, H, W), uint8 or float in 0..255, of any height and width from 1 up, to
    logits (N, num_classes, H, W) float32. With three channels they are RGB, in every family.

    Args:
        name: fcn{32,16,8,4,2}s_vgg{11,13,16,19}, with _bn behind it for a backbone with BatchNorm; the
            smaller the stride, the finer the edges.
        num_classes: Classes, background included and ignored pixels not; 1 or more.
        family: "aligned", the default for training; "plain", the form of the tutorials; "caffe", the paper's
            release with its padding of 100.
        in_channels: Channels of the pictures, 1 or more.
        weights: What to start from: "imagenet" fills the backbone with torchvision's weights, downloaded once
            (and fc6 and fc7 in the family caffe); else what `pixelwise.load_weights` takes, a file or a state
            dict. None, or "none", draws fresh weights.
        mean: What is subtracted from each channel, in 0..255; by default the family's for RGB, 127.5 for
            other channels. (0, 0, 0) with a `std` of (1, 1, 1) leaves the pictures as they are.
        std: What each channel is divided by then, above 0.
        at_once: Scale the skips as in the paper's at-once form; for 16s and 8s of the family caffe only.

    Returns:
        The network, in training mode.

    Raises:
        ConfigError: no such name or family, or an argument out of range.
        WeightsError: the weights cannot be had, read or fitted; the message says which tensors do not fit.

    Example:
        >>> model = create_model("fcn8s_vgg16", 21).eval()
        >>> model(torch.zeros(1, 3, 375, 500, dtype=torch.uint8)).shape
        torch.Size([1, 21, 375, 500])
    """
    model = FCN(
        name, num_classes, family=family, in_channels=in_channels, mean=mean, std=std, at_once=at_once
    )
    _start_from(model, model.architecture.backbone, weights)
    return model


def create_backbone(name: str, *, in_channels: int = 3, weights: Weights | None = None) -> VGG:
    """Make a VGG that hands on its five maps.

    It maps a float batch (N, in_channels, H, W), with H and W from 32 up, to pool1 ... pool5: 64, 128, 256,
    512 and 512 channels at strides 2, 4, 8, 16 and 32, sizes rounded down. `maps` lists them. It takes its
    input as it is: ImageNet's weights want RGB, (x / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225).

    Args:
        name: vgg11, vgg13, vgg16 or vgg19, with _bn behind it for BatchNorm.
        in_channels: Channels of the batch, 1 or more.
        weights: "imagenet" for torchvision's weights, downloaded once; else a file or a state dict, as in
            `pixelwise.load_weights`, of which the convolutions are taken. None, or "none", draws fresh
            weights.

    Returns:
        The backbone, in training mode.

    Raises:
        ConfigError: no backbone has this name, or `in_channels` is below 1.
        WeightsError: the weights cannot be had, read or fitted.

    Example:
        >>> backbone = create_backbone("vgg16")
        >>> [(map.name, map.channels, map.stride) for map in backbone.maps][-1]
        ('pool5', 512, 32)
    """
    backbone = VGG(name, in_channels)
    _start_from(backbone, name, weights)
    return backbone


def _start_from(model: FCN | VGG, backbone: str, weights: Weights | None) -> None:
    if weights is None or weights == "none":
        return
    report = load_weights(model, weights if isinstance(weights, Mapping) else weights_file(weights, backbone))
    _log.info("%s", report)
