"""The trainings that a table of scores needs: its rows, by the table's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixelwise.data.pairs import SegmentationData
from pixelwise.models.families import FAMILIES
from pixelwise.models.names import STRIDES, Architecture
from pixelwise.training.record import LAST
from pixelwise.training.settings import TrainSettings

from .variants import FIRST_RECIPE, VARIANTS


@dataclass(frozen=True)
class Training:
    """A row of the table: what is trained, and on what."""

    name: str
    settings: TrainSettings
    data: SegmentationData
    variant: str = ""

    @property
    def folder(self) -> str:
        """Name of its run folder."""
        return re.sub(r"[^\w.]+", "-", self.name).strip("-")


def networks(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield every stride of every family, coarse to fine."""
    backbone = Architecture.parse(settings.model).backbone
    for family in FAMILIES:
        for stride in STRIDES:
            model = f"fcn{stride}s_{backbone}"
            yield Training(f"{family}-{model}", replace(settings, model=model, family=family), data)


def staged(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield 32s, 16s from it and 8s from that, and 8s at once in as many epochs."""
    backbone = Architecture.parse(settings.model).backbone
    third = replace(settings, epochs=max(1, settings.epochs // 3))
    before: Path | None = None
    for stride in (32, 16, 8):
        step = replace(third, model=f"fcn{stride}s_{backbone}", init_from=before)
        training = Training(f"staged-{stride}s", step, data)
        yield training
        assert settings.out is not None
        before = settings.out / training.folder / LAST
    yield Training("at-once-8s", replace(third, model=f"fcn8s_{backbone}", epochs=3 * third.epochs), data)


def seeds(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield one training with three seeds."""
    return (Training(f"seed-{seed}", replace(settings, seed=seed), data) for seed in range(3))


def groups(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield a training without each group of pictures that are named alike; the group is its val split."""
    pairs = data.split("train")
    for group in sorted({pair.name.split("_")[0] for pair in pairs}):
        held_out = tuple(pair for pair in pairs if pair.name.split("_")[0] == group)
        kept = tuple(pair for pair in pairs if pair not in held_out)
        yield Training(f"without-{group}", settings, replace(data, splits={"train": kept, "val": held_out}))


def few(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield a training on 40 pictures of train, and by the first recipe, with and without repeats."""
    pairs = data.split("train")
    some = pairs[:: max(1, len(pairs) // 40)][:40]
    data = replace(data, splits={**data.splits, "train": some})
    first = replace(settings, dice=0.0, crop_tries=1, style_mixing=0.0)
    yield Training("40 pictures", settings, data)
    yield Training("40 pictures, the first recipe", first, data, FIRST_RECIPE)
    yield Training("40 pictures, the first recipe, no repeats", replace(first, repeats=1), data, FIRST_RECIPE)


def changes(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield the training as it is, and with one change at a time."""
    yield Training("as it is", settings, data)
    options: tuple[dict[str, Any], ...] = (
        {"dice": 0.0},
        {"dice": 1.0},
        {"class_weights": True},
        {"crop_tries": 1},
        {"color": 0.0},
        {"color": 0.5},
        {"style_mixing": 0.0 if settings.style_mixing else 0.5},
        {"scale": (0.7, 1.4)},
        {"dropout": 0.5},
        {"frozen_stages": 0},
        {"lr": settings.lr * 2},
        {"lr": settings.lr / 2},
        {"decoder_lr_factor": 5.0},
        {"weight_decay": 0.05},
        {"power": 0.4},
    )
    for option in options:
        (name, value), *_ = option.items()
        yield Training(f"{name} {value}", replace(settings, **option), data)
    for variant in VARIANTS:
        yield Training(variant, settings, data, variant)


def kept(data: SegmentationData, settings: TrainSettings) -> Iterator[Training]:
    """Yield the training as it is, and without each thing that it was given, with three seeds each."""
    doubled = {"lr": 2 * settings.lr, "head_lr_factor": settings.head_lr_factor / 2}
    if settings.decoder_lr_factor is not None:
        doubled["decoder_lr_factor"] = settings.decoder_lr_factor / 2
    without: dict[str, dict[str, Any]] = {
        "as it is": {},
        "no Dice": {"dice": 0.0},
        "one try a crop": {"crop_tries": 1},
        "no styles mixed": {"style_mixing": 0.0},
        "backbone at twice the rate": doubled,
        "no stage frozen": {"frozen_stages": 0},
    }
    variants = ("brightness by a quarter", "decoder of 128 channels", "no decoder: a sum of linear scores")
    for seed in range(3):
        for name, options in without.items():
            yield Training(f"{name}, seed {seed}", replace(settings, seed=seed, **options), data)
        for variant in variants:
            yield Training(f"{variant}, seed {seed}", replace(settings, seed=seed), data, variant)


TABLES = {table.__name__: table for table in (networks, staged, seeds, groups, few, changes, kept)}
