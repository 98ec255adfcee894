"""Train a table's networks under one recipe, and print the table.

    python -m benchmarks.accuracy networks DATA OUT -- --config recipes/camvid.yaml --epochs 2
    python -m benchmarks.accuracy staged   DATA OUT -- --config recipes/camvid.yaml --epochs 6
    python -m benchmarks.accuracy seeds    DATA OUT -- --config recipes/camvid.yaml
    python -m benchmarks.accuracy groups   DATA OUT -- --config recipes/camvid.yaml
    python -m benchmarks.accuracy few      DATA OUT
    python -m benchmarks.accuracy changes  DATA OUT -- --config recipes/camvid.yaml --epochs 2

What follows `--` are options of `pixelwise train`. `networks` trains every stride of every family; `staged`
trains FCN-8s from 16s from 32s, a third of the epochs each, and at once; `seeds` repeats a training with
seeds 0, 1 and 2; `groups` leaves out, one after the other, all training pictures whose names begin alike (up
to the first underscore: in CamVid the drive) and scores on them; `few` trains on 40 pictures, today's way and
the first recipe's; `changes` changes one setting at a time, or one thing that no setting says (variants.py).

With `--together 12`, twelve trainings at a time share a GPU, each in a process of its own: one alone leaves
most of it idle. A training that is done is not done again, and one that was interrupted goes on, when the
same command is given. `networks DATA OUT --untrained` tells the seconds a picture alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import re
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixelwise import Predictor, evaluate, train
from pixelwise.checkpoint import save_model
from pixelwise.cli.app import app
from pixelwise.data.folder import open_data
from pixelwise.data.pairs import SegmentationData
from pixelwise.export.write import export_model
from pixelwise.models.build import create_model
from pixelwise.models.families import FAMILIES
from pixelwise.models.names import STRIDES, Architecture
from pixelwise.training.record import BEST, LAST
from pixelwise.training.settings import TrainSettings

from .machine import describe_machine
from .table import Section
from .variants import FIRST_RECIPE, VARIANTS

TIMED = 5
"""Pictures that a trained network is timed on."""


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


TABLES = {table.__name__: table for table in (networks, staged, seeds, groups, few, changes)}


def finish(training: Training, out: Path) -> dict[str, Any]:
    """Train and score a row unless that is done; the last model is scored, so that val chooses nothing."""
    run = out / training.folder
    done = run / "row.json"
    if not done.exists():
        start = time.perf_counter()
        settings = replace(training.settings, out=run, resume=(run / "settings.json").exists())
        with VARIANTS[training.variant]() if training.variant else nullcontext():
            train(training.data, settings)
            predictor = Predictor.load(run / LAST)
            scores = evaluate(predictor, training.data).scores
        row = {
            "mean_iou": scores.mean_iou,
            "pixel_accuracy": scores.pixel_accuracy,
            "mean_accuracy": scores.mean_accuracy,
            "fwiou": scores.frequency_weighted_iou,
            "class_iou": dict(zip(predictor.labels.class_names, scores.class_iou.tolist(), strict=True)),
            "training_seconds": time.perf_counter() - start,
        }
        done.write_text(json.dumps(row, indent=1))
    found: dict[str, Any] = json.loads(done.read_text())
    return found


def finish_all(trainings: list[Training], out: Path, together: int) -> dict[str, dict[str, Any]]:
    """Finish all rows, up to `together` at a time; those that start from another row's model wait for it."""
    if together == 1:
        return {training.name: finish(training, out) for training in trainings}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pixelwise.training.run"])
    found: dict[str, dict[str, Any]] = {}
    with ProcessPoolExecutor(together, context, max_tasks_per_child=1) as pool:
        while missing := [training for training in trainings if training.name not in found]:
            awaited = {out / training.folder / LAST for training in missing}
            ready = [training for training in missing if training.settings.init_from not in awaited]
            rows = pool.map(finish, ready, [out] * len(ready))
            found |= zip((training.name for training in ready), rows, strict=True)
    return {training.name: found[training.name] for training in trainings}


def prepare(training: Training, out: Path) -> None:
    """Export a row's network as it is before training: its weights do not change how long it takes."""
    run, settings, labels = out / training.folder, training.settings, training.data.labels
    if not (run / BEST).with_suffix(".xml").exists():
        model = create_model(settings.model, labels.num_classes, family=settings.family)
        save_model(run / BEST, model, labels)
        export_model(run)


def seconds_a_picture(out: Path, trainings: list[Training]) -> dict[str, float]:
    """Return the median time of the exported networks on some pictures, one after the other in turns."""
    pictures = [pair.image for pair in trainings[0].data.split("val")[:TIMED]]
    runs = {training.name: out / training.folder for training in trainings}
    predictors = {name: Predictor.load(run, engine="openvino") for name, run in runs.items()}
    taken: dict[str, list[float]] = {name: [] for name in predictors}
    for picture in (pictures[0], *pictures):
        for name, predictor in predictors.items():
            start = time.perf_counter()
            predictor(picture)
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def main() -> None:
    """Train what the table lacks, then print it."""
    own, theirs = _split_arguments(sys.argv[1:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--untrained", action="store_true", help="measure the seconds a picture alone")
    parser.add_argument("--together", type=int, default=1, help="trainings at a time")
    parser.add_argument("--variant", choices=VARIANTS, default="", help="what is changed in all of them")
    options = parser.parse_args(own)
    if options.untrained and options.table != "networks":
        parser.error("--untrained measures the table networks alone")
    out = options.out / "untrained" if options.untrained else options.out  # apart from what is trained
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _, bound, *_ = app.parse_args(["train", str(options.data), *theirs])
    settings = replace(bound.arguments.get("settings", TrainSettings()), out=out)

    data = open_data(
        options.data, format=settings.format, seed=settings.seed, val_fraction=settings.val_fraction
    )
    trainings = [
        replace(training, variant=training.variant or options.variant)
        for training in TABLES[options.table](data, settings)
    ]
    rows: dict[str, dict[str, Any]] = {}
    if options.untrained:
        for training in trainings:
            prepare(training, out)
    else:
        rows = finish_all(trainings, out, options.together)
    shown = ("mean_iou", "pixel_accuracy", "mean_accuracy", "fwiou")
    cells = [
        (name, *(f"{100 * rows[name][key]:.1f}" if rows else "-" for key in shown), f"{seconds:.2f}")
        for name, seconds in seconds_a_picture(out, trainings).items()
    ]
    text = "Scores of the last epoch on val, in percent."
    if rows and options.table in ("seeds", "groups"):
        found = [100 * row["mean_iou"] for row in rows.values()]
        text += (
            f" Mean IoU: {statistics.mean(found):.1f} on average, deviation {statistics.stdev(found):.1f}."
        )
    header = ("training", "mean IoU", "pixel accuracy", "mean accuracy", "fwIoU", "s a picture")
    print(Section(options.table, options.table.capitalize(), text, header, cells).to_markdown())
    print(describe_machine("python -m benchmarks.accuracy " + " ".join(sys.argv[1:])))


def _split_arguments(arguments: list[str]) -> tuple[list[str], list[str]]:
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:place], arguments[place + 1 :]


if __name__ == "__main__":
    main()
