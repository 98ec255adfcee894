"""Train a table's networks under one recipe, and print the table.

    python -m benchmarks.accuracy networks DATA OUT -- --config recipes/camvid.yaml --epochs 2
    python -m benchmarks.accuracy staged   DATA OUT -- --config recipes/camvid.yaml --epochs 6
    python -m benchmarks.accuracy seeds    DATA OUT -- --config recipes/camvid.yaml
    python -m benchmarks.accuracy groups   DATA OUT -- --config recipes/camvid.yaml
    python -m benchmarks.accuracy few      DATA OUT
    python -m benchmarks.accuracy changes  DATA OUT -- --config recipes/camvid.yaml --epochs 2
    python -m benchmarks.accuracy kept     DATA OUT -- --config recipes/camvid.yaml --epochs 2

What follows `--` are options of `pixelwise train`. `networks` trains every stride of every family; `staged`
trains FCN-8s from 16s from 32s, a third of the epochs each, and at once; `seeds` repeats a training with
seeds 0, 1 and 2; `groups` leaves out, one after the other, all training pictures whose names begin alike (up
to the first underscore: in CamVid the drive) and scores on them; `few` trains on 40 pictures, today's way and
the first recipe's; `changes` changes one setting at a time, or one thing that no setting says (variants.py);
`kept` takes away, one at a time, what the recipe has beyond a plain training, with seeds 0, 1 and 2. Where
DATA has a split called test, of another drive for example, it is scored as well.

With `--together 12`, twelve trainings at a time share a GPU, each in a process of its own: one alone leaves
most of it idle. A training that is done is not done again, and one that was interrupted goes on, when the
same command is given. `networks DATA OUT --untrained` tells the seconds a picture alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixelwise import Predictor, evaluate, train
from pixelwise.checkpoint import save_model
from pixelwise.cli.app import app
from pixelwise.data.folder import open_data
from pixelwise.export.write import export_model
from pixelwise.models.build import create_model
from pixelwise.training.record import BEST, LAST
from pixelwise.training.settings import TrainSettings

from .machine import describe_machine
from .table import Section
from .trainings import TABLES, Training
from .variants import VARIANTS

TIMED = 5
"""Pictures that a trained network is timed on."""


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
            has_test = bool(training.data.splits.get("test"))
            test = evaluate(predictor, training.data, split="test").scores if has_test else None
        row = {
            **({"test_mean_iou": test.mean_iou} if test else {}),
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
    shown = ["mean_iou", "pixel_accuracy", "mean_accuracy", "fwiou"]
    header = ["training", "mean IoU", "pixel accuracy", "mean accuracy", "fwIoU"]
    if any("test_mean_iou" in row for row in rows.values()):
        shown.append("test_mean_iou")
        header.append("mean IoU on test")
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
    header.append("s a picture")
    print(Section(options.table, options.table.capitalize(), text, tuple(header), cells).to_markdown())
    if options.table == "kept":
        print(_means_of_seeds(rows).to_markdown())
    print(describe_machine("python -m benchmarks.accuracy " + " ".join(sys.argv[1:])))


def _means_of_seeds(rows: dict[str, dict[str, Any]]) -> Section:
    """Return the table of what each row scores on average, and its deviation, by name without the seed."""
    keys = [key for key in ("mean_iou", "test_mean_iou") if all(key in row for row in rows.values())]
    seeds_of: dict[str, list[dict[str, Any]]] = {}
    for name, row in rows.items():
        seeds_of.setdefault(name.rpartition(", seed ")[0], []).append(row)
    cells = []
    for name, found in seeds_of.items():
        columns = [[100 * row[key] for row in found] for key in keys]
        cells.append((name, *(f"{statistics.mean(c):.1f} ± {statistics.stdev(c):.1f}" for c in columns)))
    header = ("training", "mean IoU", "mean IoU on test")[: 1 + len(keys)]
    return Section("kept", "Means of the seeds", "Mean of three seeds, and deviation.", header, cells)


def _split_arguments(arguments: list[str]) -> tuple[list[str], list[str]]:
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:place], arguments[place + 1 :]


if __name__ == "__main__":
    main()
