"""`pixelwise evaluate`: the scores as a table on the screen, and the files of `pixelwise.evaluate`."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..engines.names import EngineName, TtaName
from ..extras import require
from .log import complain, log_to_terminal
from .progress import progress_bar

if TYPE_CHECKING:
    from ..evaluation import Evaluation


def evaluate(
    model: Path,
    data: Path,
    /,
    *,
    split: str = "val",
    out: Path | None = None,
    engine: EngineName = "auto",
    device: str = "auto",
    tta: TtaName = "none",
    format: str | None = None,
    overwrite: bool = False,
) -> int:
    """Score a model against the masks of a data set.

    All pixels of all pictures are counted in one confusion matrix, each picture at its own size; ignored
    pixels count nowhere. Prints a line a class and the four scores of the FCN paper, and writes scores.json,
    per_picture.csv and confusion.png.

    Args:
        model: A run folder, or a model file (.safetensors, .xml or .onnx).
        data: Data set: a folder, file or zip of any format that is recognised.
        split: Which part of the data set: train, val or test.
        out: Folder to write to; by default RUN/evaluation-SPLIT for the model of a run, else
            ./evaluation-MODEL-SPLIT, with a number behind it if that is taken.
        engine: What computes the network; auto takes the fastest that is there.
        device: auto, cpu, gpu, or a CUDA device such as cuda:1.
        tta: Average the answers for the picture and its mirror image (flip, 2 times the work), or for both at
            three scales (multiscale, 6 times the work).
        format: Format of the data, where it is not recognised by looking: folder, voc, coco, yolo,
            cityscapes, camvid, ade20k, labelme, cvat, label-studio or huggingface.
        overwrite: Replace an evaluation that the folder already holds.

    Returns:
        Exit code: 0, or 1 when pictures could not be read.

    Example:
        pixelwise evaluate runs/first DATA --split val
    """
    require("torch", "torchmetrics", "matplotlib")
    from ..evaluation import check_free, open_both, write_evaluation
    from ..evaluation import evaluate as score

    out = out or free_folder(model, split)
    check_free(out, overwrite)
    with log_to_terminal(), progress_bar("reading masks") as progress:
        predictor, opened = open_both(model, data, engine, progress, format, tta, device)
    with progress_bar(f"scoring {split}") as progress:
        evaluation = score(predictor, opened, split=split, progress=progress)

    console = Console(highlight=False)
    for note in opened.notes:
        console.print(f"[dim]note:[/] {escape(note)}")
    print_evaluation(evaluation, console)
    written = write_evaluation(evaluation, out, overwrite=overwrite)
    console.print("\nwritten:")
    for path in written:
        console.print(f"  {path}", markup=False, soft_wrap=True)
    complain("not scored", evaluation.failed)
    return 1 if evaluation.failed else 0


def free_folder(model: Path, split: str) -> Path:
    """Return where an evaluation goes when the user does not say: a folder that is not there yet."""
    run = model if model.is_dir() else model.parent
    in_run = (run / "settings.json").exists()
    first = run / f"evaluation-{split}" if in_run else Path(f"evaluation-{model.stem}-{split}")
    numbered = (first.with_name(f"{first.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([first], numbered) if not path.exists())


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print a line a class and the four scores, all in percent; an absent class is called absent."""
    scores, number = evaluation.scores, len(evaluation.per_picture)
    share = scores.confusion.sum(axis=1) / max(1, scores.confusion.sum())
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{evaluation.split}: {number} picture{'s' if number != 1 else ''}",
        title_justify="left",
    )
    table.add_column("class")
    for heading in ("IoU %", "accuracy %", "share of pixels %"):
        table.add_column(heading, justify="right")
    for i, name in enumerate(evaluation.labels.class_names):
        values = scores.class_iou[i], scores.class_accuracy[i]
        table.add_row(escape(name), *map(_percent, values), _percent(share[i]))
    console.print(table)
    for title, value in (
        ("mean IoU", scores.mean_iou),
        ("pixel accuracy", scores.pixel_accuracy),
        ("mean accuracy", scores.mean_accuracy),
        ("frequency-weighted IoU", scores.frequency_weighted_iou),
    ):
        console.print(f"{title:24}{_percent(value):>6} %")


def _percent(value: float) -> str:
    return "absent" if np.isnan(value) else f"{100 * value:.1f}"
