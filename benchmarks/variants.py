"""Trainings with one thing changed that `pixelwise train` has no option for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, cast
from unittest.mock import patch

import kornia.augmentation as K
import kornia.losses
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixelwise.data.dataset import Sample
from pixelwise.labels import IGNORE_INDEX
from pixelwise.models.families import FAMILIES, FUSED_CHANNELS
from pixelwise.models.fuse import Fuse
from pixelwise.models.names import MAPS
from pixelwise.models.upsample import AlignedUp
from pixelwise.training.loaders import FRESH_STOPS
from pixelwise.training.loss import dice_loss
from pixelwise.training.module import TrainingModule


class HardPixels(TrainingModule):
    """Cross entropy of the quarter of the pixels that are hardest (Shrivastava et al., "OHEM", 2016)."""

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        losses = F.cross_entropy(logits, target, ignore_index=IGNORE_INDEX, reduction="none").flatten()
        hardest = losses.topk(len(losses) // 4).values.mean()
        return hardest + self.settings.dice * dice_loss(logits, target)


class Lovasz(TrainingModule):
    """The Lovász extension of IoU over the batch, at 0.5 beside the other losses (Berman et al., 2018)."""

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        valid = target != IGNORE_INDEX
        scores = logits.movedim(1, -1)[valid].T[None, :, None]  # (1, C, 1, pixels)
        lovasz = kornia.losses.lovasz_softmax_loss(scores, target[valid][None, None])
        return super().loss(logits, target) + 0.5 * lovasz


class AuxiliaryLosses(TrainingModule):
    """The same loss, at 0.4, for the scores of each coarser stride."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.coarse: dict[int, Tensor] = {}  # scores by their stride
        for pool in self.model.architecture.skips:
            layer = self.model.get_submodule(f"upscore_pool{pool + 1}")
            layer.register_forward_pre_hook(
                lambda _, inputs, stride=2 << pool: self.coarse.__setitem__(stride, inputs[0])
            )

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        loss = super().loss(logits, target)
        height, width = target.shape[1:]
        for stride, scores in self.coarse.items():
            loss = loss + 0.4 * super().loss(AlignedUp(stride)(scores)[..., :height, :width], target)
        return loss


class WeightAverage(TrainingModule):
    """What is scored in the end is the exponential average, at 0.995, of the weights of all steps."""

    average: dict[str, Tensor] | None = None

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.average = checkpoint["average"]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["average"] = self.average

    def on_fit_start(self) -> None:
        if self.average is None:
            self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def on_train_batch_end(self, *_: Any) -> None:
        decay = min(0.995, (1 + self.global_step) / (10 + self.global_step))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - decay)

    def on_validation_start(self) -> None:
        if self.current_epoch + 1 == self.trainer.max_epochs:
            self.model.load_state_dict(self.average)


class _Varied(TrainingModule, ABC):
    """Batches are changed further before they are trained on."""

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        return super().training_step(self.vary(batch), batch_index)

    @abstractmethod
    def vary(self, batch: Sample) -> Sample:
        """Return the batch that is trained on."""


class StrongColor(_Varied):
    """Gamma of 0.74 to 1.35, three tenths blurred, a tenth in grey; beside the colours of `--color`."""

    changes = nn.Sequential(
        K.RandomGamma((0.74, 1.35), p=1.0),
        K.RandomGaussianBlur((5, 5), (0.3, 1.2), p=0.3),
        K.RandomGrayscale(p=0.1),
    )

    def vary(self, batch: Sample) -> Sample:
        return batch._replace(image=255 * self.changes(batch.image.float() / 255))


class Rotation(_Varied):
    """Turned by up to 10 degrees and sheared by as much."""

    change = K.AugmentationSequential(K.RandomAffine(10.0, shear=5.0, p=1.0), data_keys=["image", "mask"])

    def vary(self, batch: Sample) -> Sample:
        mean = self.model.mean
        ids = (batch.target - IGNORE_INDEX).float()[:, None]  # so that 0, outside the picture, is ignored
        image, ids = self.change(batch.image.float() - mean, ids)
        return batch._replace(image=image + mean, target=ids[:, 0].long() + IGNORE_INDEX)


class CopyPaste(_Varied):
    """Half of the rare classes of another picture of the batch are pasted into half of the pictures.

    Rare are those that hold less than 3 % of the pixels seen.
    """

    seen: Tensor | None = None

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.seen = checkpoint["seen"]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["seen"] = self.seen

    def on_fit_start(self) -> None:
        self.seen = (torch.zeros(256) if self.seen is None else self.seen).to(self.device)

    def vary(self, batch: Sample) -> Sample:
        image, target = batch.image.clone(), batch.target.clone()
        self.seen += torch.bincount(target.flatten(), minlength=256)
        known = torch.arange(256, device=self.device) != IGNORE_INDEX
        rare = known & (self.seen < 0.03 * self.seen[known].sum())
        for place in range(len(image)):
            if torch.rand(()) < 0.5:
                chosen = rare & (torch.rand(256, device=self.device) < 0.5)
                pasted = chosen[batch.target[place - 1]]
                target[place] = torch.where(pasted, batch.target[place - 1], target[place])
                image[place] = torch.where(pasted, batch.image[place - 1], image[place])
        return batch._replace(image=image, target=target)


class NormalizedFuse(Fuse):
    """A step of the decoder with BatchNorm before each ReLU."""

    def __init__(self, skip_channels: int, coarse_channels: int, channels: int) -> None:
        super().__init__(skip_channels, coarse_channels, channels)
        self.norm, self.mixed_norm = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, skip: Tensor, coarse: Tensor) -> Tensor:
        coarse = F.interpolate(self.coarse(coarse), scale_factor=2.0, mode="bilinear", align_corners=False)
        mixed = self.mix(F.relu(self.norm(self.skip(skip) + coarse)))
        return F.relu(cast(Tensor, self.mixed_norm(mixed)))


class NoFuse(nn.Module):
    """The map as it is, whatever the coarser ones know: what is scored then is summed up alone."""

    def __init__(self, *_: int) -> None:
        super().__init__()

    def forward(self, skip: Tensor, _: Tensor) -> Tensor:
        return skip


@contextmanager
def _no_decoder() -> Iterator[None]:
    channels = {pool: MAPS[pool].channels for pool in FUSED_CHANNELS}
    with patch("pixelwise.models.fcn.Fuse", NoFuse), patch.dict(FUSED_CHANNELS, channels):
        yield


def _small_brightness() -> AbstractContextManager[Any]:
    return patch("pixelwise.training.loaders.PRETRAINED_STOPS", FRESH_STOPS)


@contextmanager
def _first_recipe() -> Iterator[None]:
    with _no_decoder(), _small_brightness():
        yield


def _module(kind: type[TrainingModule]) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: patch("pixelwise.training.run.TrainingModule", kind)


def _aligned(**changes: Any) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: patch.dict(FAMILIES, aligned=replace(FAMILIES["aligned"], **changes))


FIRST_RECIPE = "no decoder, brightness by a quarter"

VARIANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    FIRST_RECIPE: _first_recipe,
    "no decoder: a sum of linear scores": _no_decoder,
    "brightness by a quarter": _small_brightness,
    "decoder of 128 channels": lambda: patch.dict(FUSED_CHANNELS, {4: 128, 3: 128}),
    "decoder with BatchNorm": lambda: patch("pixelwise.models.fcn.Fuse", NormalizedFuse),
    "fc6 and fc7 of 2048 channels": _aligned(fc_channels=2048),
    "fc6 3x3": _aligned(fc6_kernel=3, fc6_padding=1),
    "losses at each stride": _module(AuxiliaryLosses),
    "OHEM in place of cross entropy": _module(HardPixels),
    "Lovasz beside the losses": _module(Lovasz),
    "average of weights": _module(WeightAverage),
    "stronger colours": _module(StrongColor),
    "rotation and shear": _module(Rotation),
    "copy-paste": _module(CopyPaste),
}
"""What surrounds a training to change it, by what it says in the table."""
