"""The fully convolutional network: one class for five strides, eight backbones and three families.

Source: Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015, and
Shelhamer, Long, Darrell, TPAMI 2017.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ConfigError
from .families import AT_ONCE_SCALES, FAMILIES, FUSED_CHANNELS, FamilyName, check_family
from .fuse import Fuse
from .geometry import head_crops
from .names import MAPS, Architecture
from .rescale import Rescale
from .upsample import AlignedUp, CaffeUp, PlainUp
from .vgg import VGG


class FCN(nn.Module):
    """A network that gives every pixel a score for every class.

    Layers: `backbone`, then `fc6`, `fc7` and `score_fr` on pool5; `score_pool4` ... `score_pool1` on the
    skips that the stride calls for; `upscore_pool5` ... upsample twice, from the named map to the next finer
    one; `upscore_final` upsamples to the picture. The family `aligned` has `scale_pool5` ... as well, which
    bring the maps to one size, and `fuse_pool4` ..., whose features are scored in place of the maps.

    Attributes:
        architecture: Stride and backbone.
        family: plain, caffe or aligned.
        num_classes: Classes, background included.
        in_channels: Channels of the picture.
        at_once: Whether skips are scaled as in the paper's at-once form.
        mean: What is subtracted from each channel, in 0..255 (a buffer outside the state dict).
        std: What each channel is divided by then.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        num_classes: int,
        *,
        family: FamilyName = "aligned",
        in_channels: int = 3,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        at_once: bool = False,
    ) -> None:
        """Build the network with fresh weights; `pixelwise.create_model` says what the arguments are."""
        super().__init__()
        self.architecture = Architecture.parse(name)
        self.family: FamilyName = check_family(family)
        num_classes, in_channels = _counts(num_classes, in_channels)
        if at_once and (family != "caffe" or self.architecture.stride not in (16, 8)):
            raise ConfigError("at_once is a form of the 16s and 8s networks of the family caffe")
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.at_once = at_once
        kind = FAMILIES[family]
        default_mean = kind.mean if in_channels == 3 else (127.5,) * in_channels
        default_std = kind.std if in_channels == 3 else (sum(kind.std) / 3,) * in_channels
        if std is not None and not all(0 < value < math.inf for value in std):
            raise ConfigError(f"std must be above 0, found {list(std)}")
        if mean is not None and not all(math.isfinite(value) for value in mean):
            raise ConfigError(f"mean must be finite, found {list(mean)}")
        self.register_buffer("mean", _per_channel("mean", mean, default_mean), persistent=False)
        self.register_buffer("std", _per_channel("std", std, default_std), persistent=False)

        self.backbone = VGG(
            self.architecture.backbone,
            in_channels,
            first_padding=kind.first_padding,
            ceil_mode=kind.ceil_mode,
        )
        self.fc6 = nn.Conv2d(MAPS[4].channels, kind.fc_channels, kind.fc6_kernel, padding=kind.fc6_padding)
        self.fc7 = nn.Conv2d(kind.fc_channels, kind.fc_channels, 1)
        dropout = nn.Dropout2d if kind.drops_channels else nn.Dropout
        self.drop6, self.drop7 = dropout(kind.dropout), dropout(kind.dropout)
        self.score_fr = nn.Conv2d(kind.fc_channels, num_classes, 1)
        for pool in self.architecture.skips:
            self.add_module(f"upscore_pool{pool + 1}", self._make_up(2, final=False))
            scored = FUSED_CHANNELS[pool] if kind.decodes else MAPS[pool - 1].channels
            self.add_module(f"score_pool{pool}", nn.Conv2d(scored, num_classes, 1))
        if kind.decodes:
            self._add_decoder(kind.fc_channels)
        self.upscore_final = self._make_up(self.architecture.stride, final=True)
        self.skip_crops, self.final_crop = head_crops(self.architecture, family)
        self._init_head()

    def forward(self, images: Tensor) -> Tensor:
        """Score every pixel.

        Args:
            images: (N, in_channels, H, W), uint8 or float, 0..255, RGB where there are three channels; any
                H and W from 1 up.

        Returns:
            Logits (N, num_classes, H, W) float32.

        Raises:
            ConfigError: the images have another number of axes or channels.
        """
        maps = self._maps(images)
        height, width = images.shape[-2:]
        decodes = FAMILIES[self.family].decodes
        top = self.get_submodule("scale_pool5")(maps[4]) if decodes else maps[4]
        x = self.drop6(F.relu(self._fc6(top)))  # (N, fc, H/32, W/32)
        x = self.drop7(F.relu(self.fc7(x)))
        skips = self._decode(maps, x) if decodes else maps
        # Scores and all behind them stay in float32: exact logits, and bf16 backward passes of narrow 1x1
        # convolutions corrupt the heap on CPUs with AMX (torch 2.13).
        with torch.autocast(x.device.type, enabled=False):
            scores = self.score_fr(x.float())
            for pool in self.architecture.skips:
                scores = self.get_submodule(f"upscore_pool{pool + 1}")(scores)
                skip = skips[pool - 1].float()
                if self.at_once:
                    skip = skip * AT_ONCE_SCALES[pool]
                skip = self.get_submodule(f"score_pool{pool}")(skip)
                scores = scores + _crop(skip, self.skip_crops[pool], scores.shape[-2], scores.shape[-1])
            return _crop(self.upscore_final(scores), self.final_crop, height, width)

    @torch.no_grad()
    def measure_maps(self, pictures: Iterable[Tensor]) -> None:
        """Measure the factors by which the family `aligned` scales its maps; do it once, before training.

        Maps that were measured before, in a network that this one started from, stay as they are. In the
        other families there is nothing to measure.

        Args:
            pictures: Some training pictures (in_channels, H, W) as `forward` takes them, of any sizes.
        """
        fresh = {
            pool: scale
            for pool in range(1, 6)
            if isinstance(scale := getattr(self, f"scale_pool{pool}", None), Rescale) and scale.is_fresh
        }
        if fresh:
            training = self.training
            self.train()  # BatchNorm as in training: by the pictures themselves where it is not frozen, ...
            norms = [norm for norm in self.modules() if isinstance(norm, nn.BatchNorm2d) and norm.training]
            for norm in norms:
                norm.track_running_stats = False  # ... but looking does not move its statistics
            squares, cells = dict.fromkeys(fresh, 0.0), dict.fromkeys(fresh, 0)
            for picture in pictures:
                maps = self._maps(picture[None])
                for pool in fresh:
                    squares[pool] += float(maps[pool - 1].double().square().sum())
                    cells[pool] += maps[pool - 1].numel()
            for norm in norms:
                norm.track_running_stats = True
            self.train(training)
            for pool, scale in fresh.items():
                scale.measure(squares[pool], cells[pool])

    def config(self) -> dict[str, Any]:
        """Return the arguments that `FCN` builds this network from, for JSON."""
        return {
            "name": self.architecture.name,
            "num_classes": self.num_classes,
            "family": self.family,
            "in_channels": self.in_channels,
            "mean": self.mean.flatten().tolist(),
            "std": self.std.flatten().tolist(),
            "at_once": self.at_once,
        }

    def score_layers(self) -> list[nn.Conv2d]:
        """Return the score layers, coarse to fine."""
        names = ["score_fr", *(f"score_pool{pool}" for pool in self.architecture.skips)]
        return [cast(nn.Conv2d, self.get_submodule(name)) for name in names]

    def decoder_layers(self) -> list[nn.Module]:
        """Return the layers that fuse skips as features, and those that score them; none in most families."""
        decodes = FAMILIES[self.family].decodes
        kinds = ("fuse", "score") if decodes else ()
        return [
            self.get_submodule(f"{kind}_pool{pool}") for kind in kinds for pool in self.architecture.skips
        ]

    def _maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the maps to fuse, of strides 2, 4, 8 and 16, and pool5."""
        self._check_images(images)
        height, width = images.shape[-2:]
        x = (images.float() - self.mean) / self.std
        if FAMILIES[self.family].bgr and self.in_channels == 3:
            x = x.flip(1)
        if self.family != "caffe":  # whose padding of 100 makes any size large enough
            x = F.pad(x, (0, -width % 32, 0, -height % 32))  # right and bottom, cropped off by `forward`
        return cast("tuple[Tensor, ...]", self.backbone(x, deepest=FAMILIES[self.family].decodes))

    def _fc6(self, x: Tensor) -> Tensor:
        """Apply fc6, in float32 where its gradient would be wrong in bf16.

        On maps of fewer rows than the padding, torch 2.13 computes the weights' gradient of a bf16
        convolution on CPUs from memory that nobody has written: it differs from run to run, and is up to 50
        times too large.
        """
        if not (self.training and x.shape[-2] < FAMILIES[self.family].fc6_padding):
            return cast(Tensor, self.fc6(x))
        with torch.autocast(x.device.type, enabled=False):
            return cast(Tensor, self.fc6(x.float()))

    def _decode(self, maps: Sequence[Tensor], x: Tensor) -> list[Tensor]:
        """Return what is scored in place of the maps: what each knows in the light of the coarser ones."""
        features = list(maps)
        for pool in self.architecture.skips:
            skip = self.get_submodule(f"scale_pool{pool}")(maps[pool - 1])
            features[pool - 1] = x = self.get_submodule(f"fuse_pool{pool}")(skip, x)
        return features

    def _check_images(self, images: Tensor) -> None:
        if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            return  # a trace warns of every comparison of sizes
        # A single channel would otherwise be broadcast to three without a word.
        if images.ndim != 4 or images.shape[1] != self.in_channels:
            raise ConfigError(
                f"found images of shape {tuple(images.shape)}, expected (N, {self.in_channels}, H, W)"
            )

    def _make_up(self, factor: int, *, final: bool) -> nn.Module:
        if self.family == "plain":
            return PlainUp(self.num_classes, factor, relu=not final)
        if self.family == "caffe":
            return CaffeUp(self.num_classes, factor)
        return AlignedUp(factor)

    def _add_decoder(self, channels: int) -> None:
        self.add_module("scale_pool5", Rescale())
        for pool in self.architecture.skips:
            self.add_module(f"scale_pool{pool}", Rescale())
            fuse = Fuse(MAPS[pool].channels, channels, FUSED_CHANNELS[pool])
            self.add_module(f"fuse_pool{pool}", fuse)
            channels = FUSED_CHANNELS[pool]

    def _init_head(self) -> None:
        for layer in (self.fc6, self.fc7):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(cast(Tensor, layer.bias))
        for layer in self.score_layers():
            nn.init.zeros_(cast(Tensor, layer.bias))
            if self.family == "caffe":
                nn.init.zeros_(layer.weight)
            else:
                nn.init.normal_(layer.weight, std=0.01)


def _crop(x: Tensor, offset: int, height: int, width: int) -> Tensor:
    return x[..., offset : offset + height, offset : offset + width]


def _counts(num_classes: int, in_channels: int) -> tuple[int, int]:
    """Return both as numbers of Python, which JSON knows, whatever whole numbers they are."""
    try:
        counts = operator.index(num_classes), operator.index(in_channels)
    except TypeError:
        counts = 0, 0
    if min(counts) < 1:
        raise ConfigError(
            f"num_classes and in_channels are whole numbers from 1, found {num_classes!r} and {in_channels!r}"
        )
    return counts


def _per_channel(what: str, values: Sequence[float] | None, default: Sequence[float]) -> Tensor:
    values = default if values is None else values
    if len(values) != len(default):
        raise ConfigError(f"found {len(values)} values in {what}, expected one a channel: {len(default)}")
    return torch.tensor([float(value) for value in values]).view(-1, 1, 1)
