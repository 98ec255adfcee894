"""Train a table's networks under one recipe, and print the table.

    python -m benchmarks.accuracy networks DATA OUT -- --config recipes/camvid.yaml --epochs 8
    python -m benchmarks.accuracy staged   DATA OUT -- --config recipes/camvid.yaml --epochs 9
    python -m benchmarks.accuracy seeds    DATA OUT -- --config recipes/camvid.yaml
    python -m benchmarks.accuracy groups   DATA OUT -- --config recipes/camvid.yaml

What follows `--` are options of `pixelwise train`. `networks` trains every stride of every family; `staged`
trains FCN-8s from 16s from 32s, a third of the epochs each, and at once; `seeds` repeats a training with
seeds 0, 1 and 2; `groups` leaves out, one after the other, all training pictures whose names begin alike (up
to the first underscore: in CamVid the drive) and scores on them. A training that is done is not done again,
and one that was interrupted goes on, when the same command is given.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixelwise import Predictor, evaluate, train
from pixelwise.cli.app import app
from pixelwise.data.folder import open_data
from pixelwise.data.pairs import SegmentationData
from pixelwise.models.families import FAMILIES
from pixelwise.models.names import STRIDES, Architecture
from pixelwise.training.settings import TrainSettings

from .machine import describe_machine
from .table import Section

TIMED = 5
"""Pictures that a trained network is timed on."""


@dataclass(frozen=True)
class Training:
    """A row of the table: what is trained, and on what."""

    name: str
    settings: TrainSettings
    data: SegmentationData


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
        name = f"staged-{stride}s"
        yield Training(name, replace(third, model=f"fcn{stride}s_{backbone}", init_from=before), data)
        assert settings.out is not None
        before = settings.out / name / "last.safetensors"
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


TABLES = {table.__name__: table for table in (networks, staged, seeds, groups)}


def finish(training: Training, out: Path) -> dict[str, Any]:
    """Train and score a row unless that is done; the last model is scored, so that val chooses nothing."""
    run = out / training.name
    done = run / "row.json"
    if not done.exists():
        start = time.perf_counter()
        train(training.data, replace(training.settings, out=run, resume=(run / "settings.json").exists()))
        predictor = Predictor.load(run / "last.safetensors")
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


def seconds_a_picture(out: Path, trainings: list[Training]) -> dict[str, float]:
    """Return the median time of the exported networks on some pictures, one after the other in turns."""
    pictures = [pair.image for pair in trainings[0].data.split("val")[:TIMED]]
    predictors = {training.name: Predictor.load(out / training.name) for training in trainings}
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
    options = parser.parse_args(own)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _, bound, *_ = app.parse_args(["train", str(options.data), *theirs])
    settings = replace(bound.arguments.get("settings", TrainSettings()), out=options.out)

    trainings = list(TABLES[options.table](open_data(options.data), settings))
    rows = {training.name: finish(training, options.out) for training in trainings}
    seconds = seconds_a_picture(options.out, trainings)
    shown = ("mean_iou", "pixel_accuracy", "mean_accuracy", "fwiou")
    cells = [
        (name, *(f"{100 * row[key]:.1f}" for key in shown), f"{seconds[name]:.2f}")
        for name, row in rows.items()
    ]
    text = "Scores of the last epoch on val, in percent."
    if options.table in ("seeds", "groups"):
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
