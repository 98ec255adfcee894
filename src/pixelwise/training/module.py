"""One training step, one validation step, the optimiser and its schedule."""

from __future__ import annotations

from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric
from torchmetrics.classification import MulticlassConfusionMatrix

from ..data.dataset import Sample
from ..errors import TrainingError
from ..labels import IGNORE_INDEX
from ..metrics import Scores
from ..models.fcn import FCN
from .allocator import release_memory
from .loss import cross_entropy, dice_loss
from .settings import TrainSettings
from .styles import STYLED_STAGES, mix_styles


class TrainingModule(pl.LightningModule):
    """What Lightning runs: the network with its loss, scores and optimiser."""

    def __init__(self, model: FCN, settings: TrainSettings, class_weights: Tensor | None = None) -> None:
        """`class_weights` (C,) weigh the loss; None weighs all classes alike."""
        super().__init__()
        self.model = model
        self.settings = settings
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.train_confusion = _confusion(model.num_classes)
        self.val_confusion = _confusion(model.num_classes)
        self.train_loss, self.val_loss = MeanMetric(), MeanMetric()
        self.val_size: torch.Size | None = None
        if settings.style_mixing:
            for stage in STYLED_STAGES:
                pool = cast(nn.Sequential, model.backbone.get_submodule(stage))[-1]
                pool.register_forward_hook(self._mix_styles)

    def on_train_start(self) -> None:
        """Take over what a resumed run's optimizer knew, in the order in which the weights lie here."""
        for optimizer in self.trainer.optimizers:
            lay_as_weights(optimizer)

    def on_train_epoch_start(self) -> None:
        """Seed dropout by epoch and process, so that a resumed run goes on as if never interrupted."""
        sequence = np.random.SeedSequence((self.settings.seed, self.current_epoch, self.global_rank))
        torch.manual_seed(int(sequence.generate_state(1)[0]))

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        """Return the loss of one batch.

        Raises:
            TrainingError: it is not finite.
        """
        logits = self.model(batch.image)
        loss = self.loss(logits, batch.target)
        if not torch.isfinite(loss.detach()):
            raise TrainingError(
                f"the loss became {loss.item()} in epoch {self.current_epoch + 1}, batch {batch_index + 1} "
                f"(pictures {cast(Tensor, batch.picture).tolist()} of the training split, counted from 0); "
                "start a new run with a lower --lr or with --precision 32, which usually mends it"
            )
        with torch.no_grad():  # a sixteenth of the pixels is enough to watch training by
            self.train_confusion.update(logits[..., ::4, ::4].argmax(1), batch.target[..., ::4, ::4])
        self.train_loss.update(loss.detach())
        self.log("loss", loss.detach(), on_step=True, on_epoch=False, prog_bar=True, logger=False)
        return loss

    def _mix_styles(self, _: nn.Module, __: Any, maps: Tensor) -> Tensor:
        mixes = self.training and torch.rand(()) < self.settings.style_mixing
        return mix_styles(maps) if mixes else maps

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of scores (N, C, H, W) against class ids (N, H, W), a scalar."""
        loss = cross_entropy(logits, target, cast("Tensor | None", self.class_weights))
        if self.settings.dice:
            loss = loss + self.settings.dice * dice_loss(logits, target)
        return loss

    def on_train_epoch_end(self) -> None:
        """Log the epoch's loss and mIoU on the training crops, and the backbone's rate.

        All numbers are computed over all processes here: Lightning's own reduction, with sync_dist, would
        wait for ever, since its bar reads the numbers in the first process only.
        """
        group = self.trainer.optimizers[0].param_groups[0]  # of the head, where the backbone is frozen
        self.log("lr", self.settings.lr * group["lr"] / group["initial_lr"])
        self.log("train_loss", _taken(self.train_loss))
        self.log("train_mean_iou", _mean_iou(self.train_confusion))

    def on_validation_batch_start(self, batch: Sample, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Make room for a picture of another size."""
        if self.val_size != batch.image.shape:
            self.val_size = batch.image.shape
            release_memory()

    def validation_step(self, batch: Sample, batch_index: int) -> None:
        """Count one whole picture.

        Raises:
            TrainingError: it is too large for the GPU's memory.
        """
        try:
            logits = self.model(batch.image)
            self.val_confusion.update(logits.argmax(1), batch.target)
            # A sixteenth of the pixels: the loss takes several times the memory of the scores.
            self.val_loss.update(self.loss(logits[..., ::4, ::4], batch.target[..., ::4, ::4]))
        except torch.OutOfMemoryError as error:
            height, width = batch.image.shape[-2:]
            raise TrainingError(
                f"the GPU's memory is too small for a picture of val, {height} x {width} pixels (height x "
                "width), which is scored whole: cut large pictures into smaller ones, or give --device cpu"
            ) from error

    def on_validation_epoch_end(self) -> None:
        """Log mIoU and loss over the whole split, all processes together."""
        self.log("val_mean_iou", _mean_iou(self.val_confusion), prog_bar=True)
        self.log("val_loss", _taken(self.val_loss))

    def configure_optimizers(self) -> Any:
        """Return AdamW with rates for backbone, head and decoder, and warm-up then poly."""
        settings = self.settings
        steps = int(self.trainer.estimated_stepping_batches)
        warmup = max(1, round(settings.warmup * steps))

        def rate(step: int) -> float:
            rise = min(1.0, (step + 1) / warmup)
            return float(rise * max(0.0, 1 - step / steps) ** settings.power)

        groups = parameter_groups(self.model, settings)
        optimizer = torch.optim.AdamW(groups, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def lay_as_weights(optimizer: torch.optim.Optimizer) -> None:
    """Lay what an optimizer knows of each weight in memory as the weight itself lies.

    A resume state keeps the order of the machine that wrote it (see `precision.memory_format`), and the fused
    AdamW of processors goes through memory without a look at it.
    """
    for weight, known in optimizer.state.items():
        for name, value in known.items():
            if value.shape == weight.shape and value.stride() != weight.stride():
                known[name] = torch.empty_like(weight).copy_(value)


def parameter_groups(model: FCN, settings: TrainSettings) -> list[dict[str, Any]]:
    """Split parameters by rate (backbone, head, decoder) and by decay (weights of convolutions, others)."""
    groups = []
    backbone = list(model.backbone.parameters())
    decoder = [parameter for layer in model.decoder_layers() for parameter in layer.parameters()]
    elsewhere = {*backbone, *decoder}
    head = [parameter for parameter in model.parameters() if parameter not in elsewhere]
    decoder_factor = settings.decoder_lr_factor or (
        10.0 if settings.is_pretrained else settings.head_lr_factor
    )
    rates = ((backbone, 1.0), (head, settings.head_lr_factor), (decoder, decoder_factor))
    for part, factor in rates:
        for decays in (True, False):
            chosen = [p for p in part if p.requires_grad and (p.ndim > 1) == decays]
            if chosen:
                decay = settings.weight_decay if decays else 0.0
                groups.append({"params": chosen, "lr": settings.lr * factor, "weight_decay": decay})
    return groups


def _confusion(num_classes: int) -> MulticlassConfusionMatrix:
    return MulticlassConfusionMatrix(num_classes, ignore_index=IGNORE_INDEX, validate_args=False)


def _mean_iou(confusion: MulticlassConfusionMatrix) -> float:
    counts = np.atleast_2d(_taken(confusion).cpu().numpy())  # torchmetrics gives a number for a single class
    return Scores.from_confusion(counts).mean_iou


def _taken(metric: Metric) -> Tensor:
    """Compute a metric over all processes and begin it anew."""
    value = cast(Tensor, metric.compute())
    metric.reset()
    return value
