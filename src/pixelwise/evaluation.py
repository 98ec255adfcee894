"""Score a model against the masks of a data set: one confusion matrix over the whole set, four scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import __version__
from .checkpoint import ModelCard
from .data.folder import open_data
from .data.form import PictureForm
from .data.masks import MaskCodec, read_mask
from .data.memory import Memory
from .data.pairs import Pair, SegmentationData, other_size
from .data.scan import Progress
from .engines.names import EngineName, TtaName
from .errors import ConfigError, DataError, ImageError, MissingExtraError, as_path
from .extras import require
from .labels import Labels
from .metrics import Scores
from .predict.ahead import ahead
from .predict.predictor import Predictor
from .writing import check_writable, replacing, replacing_table, write_text

if TYPE_CHECKING:
    from .models.fcn import FCN

_COUNTED = 2**20
"""Pixels that are counted at a time: each takes 41 bytes meanwhile."""


@dataclass(frozen=True)
class PictureScore:
    """The score of one picture.

    Attributes:
        name: Name of the pair in its split.
        mean_iou: Mean IoU over the classes in the picture's truth or prediction, in 0..1; NaN when every
            pixel is ignored.
    """

    name: str
    mean_iou: float


@dataclass(frozen=True)
class Evaluation:
    """How a model did on one split of a data set.

    Attributes:
        scores: The four scores and the confusion matrix, over all pixels of all pictures.
        labels: The classes, in the order of the confusion matrix.
        split: The split that was scored.
        per_picture: One score a picture, in the order of the names.
        failed: A line for each picture that could not be scored: which, and why.
        engine: What computed the network.
        fingerprint: Names the weights that were scored; empty for a network that was never saved.
        data: The data set, a folder or file.
    """

    scores: Scores
    labels: Labels
    split: str
    per_picture: tuple[PictureScore, ...]
    failed: tuple[str, ...]
    engine: str
    fingerprint: str
    data: Path


def evaluate(
    model: str | Path | Predictor | FCN,
    data: str | Path | SegmentationData,
    *,
    split: str = "val",
    out: str | Path | None = None,
    engine: EngineName = "auto",
    device: str = "auto",
    tta: TtaName = "none",
    format: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model on every picture of a split, each at its own size.

    Args:
        model: A run folder, a model file, a `Predictor`, or a network in memory.
        data: Data set (a folder, file or zip of any format that is recognised), or one that is open.
        split: Which part of the data set: train, val or test.
        out: Folder for scores.json, per_picture.csv and confusion.png; nothing is written without it.
        engine: What computes a model that is loaded from a file.
        device: Where it does; as `Predictor.load` has it.
        tta: Which answers it averages; as `Predictor.load` has it.
        format: Format of a data set that is a folder; recognised by looking when None.
        overwrite: Replace an evaluation that `out` already holds.
        progress: Called with the pictures done and the number of all.

    Raises:
        CheckpointError: `model` is no model file.
        ConfigError: model and data set name different classes, or `out` holds an evaluation already.
        DataError: the data set has no such split, none of its pictures can be read, or nothing can be written
            to `out`.
        MissingExtraError: torchmetrics (or matplotlib, with `out`) is not installed.
    """
    require("torch", "torchmetrics", *(["matplotlib"] if out is not None else []))
    if out is not None:
        check_free(Path(out), overwrite)
    predictor, data = open_both(model, data, engine, format=format, tta=tta, device=device)
    pairs = data.split(split)

    num_classes = data.labels.num_classes
    confusion = np.zeros((num_classes, num_classes), np.int64)
    per_picture: list[PictureScore] = []
    failed = list(data.faults.get(split, ()))
    reading = ahead(partial(_read_pair, codec=data.codec, form=predictor.card.form), pairs, threads=1)
    for done, (pair, loaded) in enumerate(zip(pairs, reading, strict=True), start=1):
        try:
            if isinstance(loaded, ImageError):
                raise loaded
            picture, truth = loaded
            counts = count_confusion(predictor(picture), truth, num_classes, data.labels.ignore_index)
        except ImageError as error:
            failed.append(str(error))
        except MemoryError:
            failed.append(_too_large(pair))
        else:
            confusion += counts
            per_picture.append(PictureScore(pair.name, Scores.from_confusion(counts).mean_iou))
        if progress is not None:
            progress(done, len(pairs))
    if not per_picture:
        reason = f"the first: {failed[0]}" if failed else "it is empty"
        raise DataError(f"{data.root}: no picture of split '{split}' can be scored; {reason}")

    evaluation = Evaluation(
        Scores.from_confusion(confusion),
        data.labels,
        split,
        tuple(per_picture),
        tuple(failed),
        predictor.engine.name,
        predictor.card.fingerprint,
        data.root,
    )
    if out is not None:
        write_evaluation(evaluation, Path(out), overwrite=overwrite)
    return evaluation


def open_both(
    model: str | Path | Predictor | FCN,
    data: str | Path | SegmentationData,
    engine: EngineName = "auto",
    progress: Progress | None = None,
    format: str | None = None,
    tta: TtaName = "none",
    device: str = "auto",
) -> tuple[Predictor, SegmentationData]:
    """Open what is a path, and return model and data set.

    A folder without splits of its own is split as it was for the training of the model, so that no picture
    that the model has learned from is scored as if it were new; classes are numbered as the model does.
    `progress` is told of masks that are read to find the classes.

    Raises:
        CheckpointError: `model` is no model file.
        ConfigError: model and data set name different classes.
        DataError: `data` is no data set.
    """
    if isinstance(model, str | Path):
        model = Predictor.load(model, engine=engine, device=device, tta=tta)
    elif not isinstance(model, Predictor):
        _check_network(model)
    if not isinstance(data, SegmentationData):
        known = model.card.training if isinstance(model, Predictor) else {}
        how = {name: known[name] for name in ("seed", "val_fraction") if name in known}
        root = as_path(data, "a data set")
        with Memory(root) as memory:
            data = open_data(root, format=format, **how, progress=progress, memory=memory)
    if not isinstance(model, Predictor):
        from .engines.torch import TorchEngine

        fits = model.num_classes == data.labels.num_classes
        labels = data.labels if fits else Labels.numbered(model.num_classes)
        model = Predictor(TorchEngine(model, ModelCard(model.config(), labels)))
    return model, data.numbered_as(model.labels.class_names)


def _check_network(model: object) -> None:
    from .models.fcn import FCN

    if not isinstance(model, FCN):
        raise ConfigError(
            f"found {type(model).__name__}, expected a run folder (what `train` returns has it as `run`), a "
            "model file, a Predictor or a network"
        )


def count_confusion(
    prediction: NDArray[np.uint8], truth: NDArray[np.uint8], num_classes: int, ignore_index: int
) -> NDArray[np.int64]:
    """Count which class was predicted where which was true.

    Args:
        prediction: Ids (H, W) in 0..num_classes - 1.
        truth: Ids (H, W) in 0..num_classes - 1, or `ignore_index`.
        num_classes: Number of classes.
        ignore_index: Id in `truth` of the pixels that are not counted.

    Returns:
        Counts (C, C), rows truth, columns prediction.
    """
    import torch
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    confusion = np.zeros((num_classes, num_classes), np.int64)
    strips = -(-truth.size // _COUNTED)
    for found, true in zip(np.array_split(prediction, strips), np.array_split(truth, strips), strict=True):
        confusion += multiclass_confusion_matrix(
            torch.from_numpy(found.astype(np.int64)),
            torch.from_numpy(true.astype(np.int64)),
            num_classes,
            ignore_index=ignore_index,
            validate_args=False,
        ).numpy()
    return confusion


def check_free(out: Path, overwrite: bool) -> None:
    """Make sure that an evaluation can be written to `out`.

    Raises:
        ConfigError: `out` is a file, or holds an evaluation and `overwrite` is not set.
        DataError: no file can be made there.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file, expected a folder to write the evaluation to")
    if not overwrite and (out / "scores.json").exists():
        raise ConfigError(f"{out}: holds an evaluation already; give another folder, or --overwrite")
    check_writable(out)


def write_evaluation(evaluation: Evaluation, out: Path, *, overwrite: bool = False) -> list[Path]:
    """Write scores.json, per_picture.csv and confusion.png to the folder `out` and return their paths.

    Raises:
        ConfigError: `out` is a file, or holds an evaluation and `overwrite` is not set.
        DataError: the files cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    from .report.confusion import confusion_picture

    check_free(out, overwrite)
    scores, pictures, matrix = out / "scores.json", out / "per_picture.csv", out / "confusion.png"
    summary = {
        "data": str(evaluation.data.resolve()),
        "split": evaluation.split,
        "pictures": len(evaluation.per_picture),
        "failed": list(evaluation.failed),
        "engine": evaluation.engine,
        "fingerprint": evaluation.fingerprint,
        "version": __version__,
        **evaluation.scores.to_dict(evaluation.labels.class_names),
    }
    with replacing(matrix) as file:
        confusion_picture(evaluation.scores, evaluation.labels, file)
    with replacing_table(pictures) as rows:
        rows.writerow(("picture", "mean_iou"))
        rows.writerows((picture.name, f"{picture.mean_iou:.6f}") for picture in evaluation.per_picture)
    write_text(scores, json.dumps(summary, indent=2) + "\n")
    return [scores, pictures, matrix]


def _read_pair(
    pair: Pair, codec: MaskCodec, form: PictureForm
) -> tuple[NDArray[Any], NDArray[np.uint8]] | ImageError:
    """Return a picture (H, W, channels) and its mask (H, W); or the error when they cannot be used."""
    try:
        picture, truth = form.read(pair.image), read_mask(pair.mask, codec)
    except ImageError as error:
        return error
    except MissingExtraError as error:
        return ImageError(f"{pair.image}: {error}")
    except MemoryError:
        return ImageError(_too_large(pair))
    if picture.shape[:2] != truth.shape:
        return ImageError(other_size(pair, picture.shape[:2], truth.shape[:2]))
    return picture, truth


def _too_large(pair: Pair) -> str:
    return f"{pair.image}: does not fit into the memory: cut it into smaller pictures"
