"""The two streams of pictures of a run: augmented batches to train on, whole pictures to validate with."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ..cores import count_cores
from ..data.augment import Augmentation, default_crop
from ..data.dataset import Draw, EpochSampler, Sample, ShareSampler, TrainingSet, ValidationSet
from ..data.form import PictureForm
from ..data.image import read_size
from ..data.pairs import Pair, SegmentationData
from ..data.scan import in_parallel
from ..engines.base import whole_bytes
from ..errors import DataError, TrainingError
from ..room import free_memory
from .allocator import keeps_memory
from .loss import weights_from_pixels
from .settings import TrainSettings
from .statistics import MOST_PICTURES, count_all_pixels, picture_sizes

LEAST_STEPS = 50
"""Steps that an epoch has at least, more or less: of a small set it takes several passes."""

PRETRAINED_STOPS, FRESH_STOPS = 4.0, 1.3
"""Stops by which brightness changes at most, at colour strength 1: a fresh network has enough to learn."""

LEARNING_BYTES = 16
"""Bytes that a weight takes in training: itself, its gradient, and AdamW's two moments."""

MOST_WORKERS = 8
"""Processes that read pictures for one GPU, where there are cores for them."""


@dataclass(frozen=True)
class Place:
    """Where in a run this process stands.

    Attributes:
        rank: Number of the process among all.
        world: Number of processes.
        on_gpu: Whether it computes on a GPU.
    """

    rank: int = 0
    world: int = 1
    on_gpu: bool = False


@dataclass(frozen=True)
class Loaders:
    """What a run reads.

    Attributes:
        training: Batches of augmented crops.
        validation: Single whole pictures.
        crop: Size (height, width) of the crops.
        repeats: Passes over the training pictures an epoch.
    """

    training: DataLoader[Sample]
    validation: DataLoader[Sample]
    crop: tuple[int, int]
    repeats: int

    def some_pictures(self, most: int = 16) -> Iterator[Tensor]:
        """Yield up to `most` training crops (C, H, W) of the whole split, the same in each process."""
        pictures = self.training.dataset
        assert isinstance(pictures, TrainingSet)
        step = -(-len(pictures) // most)
        return (pictures[Draw(0, index)].image for index in range(0, len(pictures), step))


def _rarity(data: SegmentationData) -> tuple[float, ...]:
    """Return the weight of each class in the choice of crops, from some masks."""
    pairs = data.split("train")
    some = pairs[:: -(-len(pairs) // MOST_PICTURES)]
    pixels = torch.from_numpy(count_all_pixels(some, data.codec, data.labels.num_classes))
    return tuple(weights_from_pixels(pixels).tolist()) if pixels.any() else ()


def _default_workers(settings: TrainSettings, on_gpu: bool) -> int:
    return min(MOST_WORKERS, max(1, count_cores() // settings.devices)) if on_gpu else 1


def _end_with_training(_: int) -> None:
    """End this process, which reads pictures, when the one that trains ends, even killed.

    torch looks whether the parent has changed. That of a process of a fork server is the server, which stays
    as long as the process itself.
    """
    training = multiprocessing.parent_process()
    if training is None:
        return

    def wait() -> None:
        training.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def check_validation(
    pairs: Sequence[Pair],
    num_classes: int,
    precision: str,
    device: torch.device,
    processes: int,
    parameters: int = 0,
) -> None:
    """Find out before training whether its validation has the memory for the pictures of val, scored whole.

    Args:
        pairs: The pairs of val.
        num_classes: Classes.
        precision: Lightning's word for the precision.
        device: Where the network is trained.
        processes: How many score pictures at a time on this machine.
        parameters: Weights of the network, which is not there yet.

    Raises:
        TrainingError: it does not have it for one of them.
    """
    if device.type == "cuda":
        there: int | None = torch.cuda.get_device_properties(device).total_memory
    else:
        free = free_memory()
        there = None if free is None else free // processes
    learning = LEARNING_BYTES * parameters
    sizes = in_parallel(lambda pair: read_size(pair.image), pairs)
    for pair, (height, width) in zip(pairs, sizes, strict=True):
        needed = whole_bytes(height * width, num_classes, 4 if precision == "32-true" else 2)
        if there is not None and learning + needed > there:
            raise TrainingError(
                f"{pair.image}: {height} x {width} pixels (height x width) need about "
                f"{needed / 1e9:.1f} GB of memory in validation, which scores pictures whole; a process has "
                f"{max(0, there - learning) / 1e9:.1f} GB on {device} beside the network: cut large pictures "
                "into smaller ones, or scale them down"
            )


def make_loaders(
    data: SegmentationData,
    settings: TrainSettings,
    form: PictureForm,
    std: tuple[float, ...] | None,
    place: Place,
    epoch: int = 0,
) -> Loaders:
    """Make the loaders of one process.

    Args:
        data: The data set; its splits train and val are used.
        settings: The run's settings.
        form: How pictures are read; its `fill`, the network's mean, is what lies outside them.
        std: Deviation of each channel; None for photos.
        place: Which process this is.
        epoch: The first that is drawn. Lightning says it as well, but only when workers have drawn already.

    Raises:
        DataError: a split is missing, or has fewer pictures than there are processes.
    """
    train_pairs, val_pairs = data.split("train"), data.split("val")
    for kind, pairs in (("training", train_pairs), ("validation", val_pairs)):
        if len(pairs) < place.world:
            raise DataError(
                f"{data.root}: {len(pairs)} {kind} pictures are too few for {place.world} devices, "
                "each needs one: give fewer --devices or --nodes"
            )
    batch_size = min(settings.batch_size, len(train_pairs) // place.world * place.world)
    repeats = settings.repeats or max(1, round(LEAST_STEPS / (len(train_pairs) // batch_size)))
    crop = settings.crop or default_crop(picture_sizes(train_pairs))
    augmentation = Augmentation(
        crop,
        settings.scale,
        settings.flip,
        settings.color,
        form.fill,
        std,
        settings.color * (PRETRAINED_STOPS if settings.is_pretrained else FRESH_STOPS),
        settings.crop_tries,
        _rarity(data) if settings.crop_tries > 1 else (),
    )
    workers = _default_workers(settings, place.on_gpu) if settings.workers is None else settings.workers
    shared: dict[str, Any] = {
        "num_workers": workers,
        "worker_init_fn": _end_with_training,
        "persistent_workers": workers > 0,
        "pin_memory": place.on_gpu,
        "multiprocessing_context": "forkserver" if workers and keeps_memory() else None,
        "generator": torch.Generator(),  # or loaders would draw from the one that dropout draws from
    }
    sampler = EpochSampler(len(train_pairs), batch_size, settings.seed, place.rank, place.world, repeats)
    sampler.set_epoch(epoch)
    training = DataLoader(
        TrainingSet(train_pairs, data.codec, augmentation, settings.seed, form),
        batch_size // place.world,
        sampler=sampler,
        **shared,
    )
    validation = DataLoader(
        ValidationSet(val_pairs, data.codec, form),
        sampler=ShareSampler(len(val_pairs), place.rank, place.world),
        **shared,
    )
    return Loaders(training, validation, crop, repeats)
