"""The story of a training run, from a folder of pictures and masks to a scored, exported model."""

from __future__ import annotations

import gc
import logging
import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.utilities import rank_zero_only

from ..data.check import check_data
from ..data.folder import open_data
from ..data.form import PHOTOS
from ..data.leaks import in_both
from ..data.memory import Memory
from ..data.pairs import SegmentationData
from ..data.scan import Progress
from ..engines.torch import keep_to_limit
from ..errors import ConfigError, DataError, as_path, did_you_mean
from ..metrics import Scores
from ..models.build import create_model
from ..models.cost import cost
from ..models.fcn import FCN
from .allocator import release_memory
from .failures import told_in_one_line, way_on
from .finish import finish
from .folder import claim, open_run
from .loaders import Loaders, Place, check_validation, make_loaders
from .loss import weights_from_pixels
from .module import TrainingModule
from .precision import memory_format
from .record import BEST, RunRecorder
from .resume import check_same_data, latest_state, next_epoch, write_data
from .settings import TrainSettings
from .start import Start, find_start
from .statistics import ChannelStatistics, count_all_pixels, measure_channels
from .trainer import make_trainer, quiet_lightning

log = logging.getLogger("pixelwise")


@dataclass(frozen=True)
class TrainResult:
    """What a run has come to.

    Attributes:
        run: The run folder.
        model: The best model's file.
        scores: Scores of the best model on the validation split; None in all processes but the first.
        failed: A line for each picture of that split that could not be scored: which, and why.
    """

    run: Path
    model: Path
    scores: Scores | None
    failed: tuple[str, ...] = ()


def train(
    data: str | Path | SegmentationData,
    settings: TrainSettings | None = None,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> TrainResult:
    """Train a network on pictures and masks, score it, and export it.

    Args:
        data: Data set (a folder, file or zip of any format that is recognised), or one that is open.
        settings: All settings; by default those of `TrainSettings`.
        progress: Called with (pairs checked, pairs) while the data is checked.
        **options: Single settings by name, such as `epochs=10`; they win over `settings`.

    Returns:
        The run folder, the best model in it and its scores.

    Raises:
        ConfigError: a setting cannot be used, or an option has an unknown name.
        DataError: something is wrong with the data; found before training starts, but for files that become
            unreadable later; or nothing can be written to the run folder.
        CheckpointError: there is no model in `init_from`, or a model cannot be written.
        WeightsError: the weights to start from do not fit or cannot be fetched.
        TrainingError: the run folder is taken, there is no run to resume or it was begun on other data, the
            loss is no longer finite, memory or disk is too small, or a process that reads pictures has died.
    """
    settings = _settings(settings, options)
    is_first = _is_first(settings.nodes)
    if not is_first:
        log.setLevel(logging.ERROR)  # one process tells the user
    run, settings = open_run(settings, is_first)
    state = latest_state(run) if settings.resume else None
    root = data.root if isinstance(data, SegmentationData) else as_path(data, "a data set")
    with Memory(root) as memory:
        data = _opened(data, settings, progress, memory)
        if settings.resume:
            check_same_data(run, data)
        start = find_start(settings, data.labels) if state is None else Start()
        recorder = RunRecorder(run, data.labels)
        with quiet_lightning():
            trainer = make_trainer(settings, run, recorder)  # fails where this machine cannot
        marks = array("Q")
        form = check_data(data, ("train", "val"), progress=progress, memory=memory, marks=marks)
    if form.note:
        log.info("%s", form.note)
    if is_first and not settings.resume:
        _tell_leaks(data, marks)
    recorder.values = form.values
    device = trainer.strategy.root_device
    classes = data.labels.num_classes
    parameters = cost(settings.model, classes, family=settings.family).parameters
    check_validation(data.split("val"), classes, trainer.precision, device, settings.devices, parameters)

    torch.manual_seed(settings.seed)
    keep_to_limit()
    measured = None if form == PHOTOS else measure_channels(data.split("train"), form)
    if measured is not None:
        log.info("pictures: %s; %s", form, measured)
    model = _make_model(data, settings, measured, start)
    with quiet_lightning():
        model.to(memory_format=memory_format(trainer.precision, device))  # type: ignore[call-overload]
        place = Place(trainer.global_rank, trainer.world_size, device.type != "cpu")
        loaders = make_loaders(
            data,
            settings,
            replace(form, fill=tuple(model.mean.flatten().tolist())),
            None if measured is None else measured.std,
            place,
            0 if state is None else next_epoch(state),
        )
        if state is None:
            with told_in_one_line():
                model.measure_maps(loaders.some_pictures())
        module = TrainingModule(model, settings, _class_weights(data, settings))
        if is_first:
            claim(run, settings)
            write_data(run, data)
        if loaders.repeats > 1:
            log.info(
                "each epoch goes %d times over the %d training pictures, so that it has %d steps",
                loaders.repeats,
                len(data.split("train")),
                len(loaders.training),
            )
        log.info(
            "training %s (%s) in %s: %d pictures, crops of %d x %d, precision %s on %s",
            settings.model,
            settings.family,
            run,
            len(data.split("train")),
            *loaders.crop,
            trainer.precision,
            device,
        )
        _fit(trainer, module, loaders, state, run)
        if not is_first:
            return TrainResult(run, run / BEST, None)
        del trainer, module, model, loaders  # what follows needs the memory
        gc.collect()
        release_memory()
        evaluation = finish(run, data, recorder.rows, device.type)
    return TrainResult(run, run / BEST, evaluation.scores, evaluation.failed)


def _opened(
    data: str | Path | SegmentationData, settings: TrainSettings, progress: Progress | None, memory: Memory
) -> SegmentationData:
    """Return the data set, open; what an earlier check has read is not read again."""
    if not isinstance(data, SegmentationData):
        data = open_data(
            data,
            format=settings.format,
            seed=settings.seed,
            val_fraction=settings.val_fraction,
            progress=progress,
            memory=memory,
        )
    for note in data.notes:
        log.info("%s", note)
    return data


def _tell_leaks(data: SegmentationData, marks: Sequence[int]) -> None:
    """Warn of pictures that are scored though they are learned from.

    Args:
        data: The data set.
        marks: Those of the pictures of train, and of val behind them.
    """
    train, val = data.split("train"), data.split("val")
    found = in_both(marks[: len(train)], marks[len(train) :])
    if found:
        log.warning(
            "%d of the %d pictures of val are in train, too, such as %s, which is %s: the scores will be too "
            "good; `pixelwise check` names them all, and those that are nearly the same",
            len(found),
            len(val),
            val[found[0][1]].image,
            train[found[0][0]].image,
        )


def _settings(settings: TrainSettings | None, options: dict[str, Any]) -> TrainSettings:
    known = [setting.name for setting in fields(TrainSettings)]
    for name in options:
        if name not in known:
            raise ConfigError(f"there is no setting '{name}'{did_you_mean(name, known)}")
    return replace(settings or TrainSettings(), **options)


def _is_first(nodes: int) -> bool:
    """Return whether this process is the first of all.

    Lightning's rank is that among all machines where a launcher such as torchrun tells it, else that on this
    machine alone until its trainer is made.
    """
    machine = LightningEnvironment().node_rank() if nodes > 1 and "RANK" not in os.environ else 0
    return machine == 0 and cast(Any, rank_zero_only).rank == 0


def _make_model(
    data: SegmentationData,
    settings: TrainSettings,
    measured: ChannelStatistics | None,
    start: Start,
) -> FCN:
    """Return the network to train, with the weights that it starts from.

    `measured` is None for photos, which have the family's own mean and deviation.
    """
    channels: dict[str, Any] = {} if measured is None else measured.arguments(settings.family)
    model = create_model(
        settings.model, data.labels.num_classes, family=settings.family, weights=start.weights, **channels
    )
    start.fill(model)
    frozen = 2 * settings.is_pretrained if settings.frozen_stages is None else settings.frozen_stages
    model.backbone.freeze(frozen)
    if settings.dropout is not None:
        model.drop6.p = model.drop7.p = settings.dropout
    return model


def _class_weights(data: SegmentationData, settings: TrainSettings) -> torch.Tensor | None:
    if not settings.class_weights:
        return None
    pixels = count_all_pixels(data.split("train"), data.codec, data.labels.num_classes)
    if not pixels.any():
        raise DataError(f"{data.root}: no pixel of the training masks has a class")
    return weights_from_pixels(torch.from_numpy(pixels))


def _fit(
    trainer: pl.Trainer, module: TrainingModule, loaders: Loaders, state: Path | None, run: Path
) -> None:
    try:
        with told_in_one_line(run):
            trainer.fit(module, loaders.training, loaders.validation, ckpt_path=state, weights_only=True)
    except SystemExit:
        if trainer.interrupted:  # Lightning has put things away and asks to leave
            log.info("stopped; %s", way_on(run))
            raise KeyboardInterrupt from None
        raise
