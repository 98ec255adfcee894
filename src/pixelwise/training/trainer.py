"""Lightning's trainer for a run, and its words kept from users."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from ..errors import ConfigError
from .precision import lightning_precision
from .record import Bar, RunRecorder, SignsOfLife
from .resume import StateWriter
from .settings import TrainSettings


def make_trainer(settings: TrainSettings, run: Path, recorder: RunRecorder) -> pl.Trainer:
    """Make what runs the epochs.

    Args:
        settings: The run's settings.
        run: Its folder.
        recorder: What writes models and numbers of each epoch.

    Raises:
        ConfigError: this machine cannot train with these settings.
    """
    callbacks: list[Callback] = [
        Bar(recorder) if sys.stderr.isatty() else SignsOfLife(recorder),
        recorder,
        # The name changes from epoch to epoch, and the old file goes when the new one is whole.
        ModelCheckpoint(
            run / "state", "epoch-{epoch:05d}", save_on_train_epoch_end=True, auto_insert_metric_name=False
        ),
    ]
    if settings.patience is not None:
        callbacks.append(
            Patience(
                "val_mean_iou",
                mode="max",
                patience=settings.patience,
                check_on_train_epoch_end=True,
                check_finite=False,
            )
        )
    try:
        return pl.Trainer(
            accelerator=settings.device,
            devices=settings.devices,
            num_nodes=settings.nodes,
            strategy=settings.strategy,
            precision=lightning_precision(settings),
            max_epochs=settings.epochs,
            logger=TensorBoardLogger(run, name="logs", version=""),
            callbacks=callbacks,
            plugins=StateWriter(),
            use_distributed_sampler=False,  # ours shares pictures out without doubling any
            num_sanity_val_steps=0,
            log_every_n_steps=10,
            enable_model_summary=False,
            enable_progress_bar=sys.stderr.isatty(),
        )
    except (MisconfigurationException, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"this machine cannot train with these settings: {reason}") from error


class Patience(EarlyStopping):
    """Lightning's, but a run that it has stopped stays stopped when it is resumed."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the trainer nothing to do if patience ran out before."""
        trainer.should_stop = self.wait_count >= self.patience


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep Lightning's hints to developers from users: they cannot act on them."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
