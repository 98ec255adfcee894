"""What a run leaves behind as it goes on: the best and the last model, numbers of each epoch, a bar."""

from __future__ import annotations

import csv
import io
import logging
import math
import time
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint, RichProgressBar
from torch import Tensor

from ..checkpoint import save_model
from ..data.form import PHOTOS
from ..labels import Labels
from ..writing import write_text
from .module import TrainingModule

log = logging.getLogger("pixelwise")

COLUMNS = ("epoch", "train_loss", "train_mean_iou", "val_loss", "val_mean_iou", "lr", "pictures_per_second")
BEST, LAST, METRICS = "model.safetensors", "last.safetensors", "metrics.csv"
SILENCE = 300.0
"""Seconds after which a run without a bar says how far it is."""


class RunRecorder(Checkpoint):
    """Writes metrics.csv, the best model and the last one after every epoch, in the first process only.

    The rows travel in the resume state: Lightning's CSVLogger would delete those of before the interruption.
    It counts as a checkpoint callback so that Lightning calls it when the epoch's numbers are complete.
    """

    def __init__(self, run: Path, labels: Labels) -> None:
        """Write into the folder `run`; `values`, as in `ModelCard`, is set once the pictures are known."""
        self.run = run
        self.labels = labels
        self.values: str = PHOTOS.values
        self.rows: list[dict[str, float]] = []
        self.best = -math.inf
        self.clock = Clock()

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"rows": self.rows, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what the interrupted run knew."""
        self.rows, self.best = state_dict["rows"], state_dict["best"]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.clock.start_epoch()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the pictures, those of the other processes too."""
        self.clock.count(len(batch.image) * trainer.world_size)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take validation out of the pictures per second."""
        self.clock.end_training()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the epoch's row and models."""
        epoch = trainer.current_epoch + 1
        numbers = {name: float(value) for name, value in trainer.callback_metrics.items()}
        numbers |= {"epoch": epoch, "pictures_per_second": self.clock.speed}
        self.rows.append({name: numbers[name] for name in COLUMNS})
        score = numbers["val_mean_iou"]
        is_best = not score <= self.best  # so is each epoch where no pixel can be scored: NaN
        if not math.isnan(score):
            self.best = max(self.best, score)
        if not trainer.is_global_zero:
            return
        module = cast(TrainingModule, pl_module)
        settings = module.settings
        facts = {
            "epoch": epoch,
            "epochs": settings.epochs,
            "val_mean_iou": score,
            "seed": settings.seed,
            "val_fraction": settings.val_fraction,
        }
        for name in (BEST, LAST) if is_best else (LAST,):
            save_model(self.run / name, module.model, self.labels, facts, self.values)
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.run / METRICS, table.getvalue())
        log.info(
            "epoch %d/%d  loss %.3f  val mIoU %.4f%s  %.2f pictures/s  %s left",
            epoch,
            trainer.max_epochs,
            numbers["train_loss"],
            score,
            " (best)" if is_best and not math.isnan(score) else "",
            self.clock.speed,
            clock_text(self.clock.left(trainer)),
        )


class Clock:
    """Measures pictures per second of training and tells the time left."""

    def __init__(self) -> None:
        self.started = self.paused = 0.0
        self.pictures = 0
        self.epoch_seconds: float | None = None

    def start_epoch(self) -> None:
        """Begin an epoch; the one before it, with its validation, tells how long the next take."""
        now = time.perf_counter()
        if self.started:
            self.epoch_seconds = now - self.started
        self.started, self.paused, self.pictures = now, 0.0, 0

    def count(self, pictures: int) -> None:
        """Count pictures trained on."""
        self.pictures += pictures

    def end_training(self) -> None:
        """Stop counting time: validation begins."""
        self.paused = time.perf_counter()

    @property
    def speed(self) -> float:
        """Pictures per second of this epoch's training."""
        seconds = (self.paused or time.perf_counter()) - self.started
        return self.pictures / seconds if seconds > 0 else 0.0

    def left(self, trainer: pl.Trainer) -> float | None:
        """Return the seconds left in the run, or None while nothing is known."""
        done = time.perf_counter() - self.started
        epochs = cast(int, trainer.max_epochs) - trainer.current_epoch - 1
        if self.paused:  # at the end of an epoch
            return epochs * done
        share = self.pictures / max(1, cast(int, trainer.num_training_batches) * trainer.world_size)
        batch = cast(Any, trainer.train_dataloader).batch_size if trainer.train_dataloader else 1
        share = min(1.0, share / batch)
        if not share:
            return None
        whole = self.epoch_seconds or done / share
        return max(0.0, whole * (1 - share)) + epochs * whole


class Bar(RichProgressBar):
    """Lightning's bar with the running loss, the last validation's mIoU, pictures a second and time left."""

    def __init__(self, recorder: RunRecorder) -> None:
        """Show what `recorder` measures."""
        super().__init__(console_kwargs={"stderr": True})
        self._recorder = recorder

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """Return what stands behind the bar."""
        metrics = trainer.progress_bar_metrics
        clock = self._recorder.clock
        shown: dict[str, Any] = {"loss": _rounded(metrics.get("loss"))}
        if "val_mean_iou" in metrics:
            shown["mIoU"] = _rounded(metrics["val_mean_iou"])
        shown["pictures/s"] = round(clock.speed, 2)
        shown["left"] = clock_text(clock.left(trainer))
        return shown


class SignsOfLife(Callback):
    """Says in the log how far a long epoch is, where no bar does."""

    def __init__(self, recorder: RunRecorder) -> None:
        """Say what `recorder` measures."""
        self._recorder = recorder
        self._spoken = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Be silent for a while: the epoch before has just been told of."""
        self._spoken = time.perf_counter()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Tell of training: of the steps that the recorder, which is called last, has counted."""
        if batch_idx and self._is_time(trainer):
            log.info(
                "epoch %d/%d  step %d/%d  loss %.3f  %.2f pictures/s  %s left",
                trainer.current_epoch + 1,
                trainer.max_epochs,
                batch_idx,
                trainer.num_training_batches,
                trainer.progress_bar_metrics["loss"],
                self._recorder.clock.speed,
                clock_text(self._recorder.clock.left(trainer)),
            )

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Tell of validation."""
        if self._is_time(trainer):
            log.info(
                "epoch %d/%d  validation, step %d/%d",
                trainer.current_epoch + 1,
                trainer.max_epochs,
                batch_idx + 1,
                sum(trainer.num_val_batches),
            )

    def _is_time(self, trainer: pl.Trainer) -> bool:
        now = time.perf_counter()
        if not trainer.is_global_zero or now - self._spoken < SILENCE:
            return False
        self._spoken = now
        return True


def clock_text(seconds: float | None) -> str:
    """Return seconds as a person says them: 42 s, 3 min, 1 h 20 min."""
    if seconds is None:
        return "?"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _rounded(value: float | Tensor | None) -> float | str:
    if value is None:
        return "?"
    return round(float(value.detach() if isinstance(value, torch.Tensor) else value), 4)
