"""Quantise a model: 8-bit integers where they cost no accuracy, proven on the user's own pictures."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..data.form import PictureForm
from ..data.pairs import Pair, SegmentationData
from ..engines.choose import EXPORTS, ModelFiles
from ..engines.openvino import OpenVinoEngine
from ..errors import CheckpointError, ConfigError, DataError, ImageError
from ..evaluation import Evaluation, check_same_classes, evaluate, open_both
from ..extras import require
from ..predict.predictor import Predictor
from .int8 import layers, write_int8

log = logging.getLogger("pixelwise")

LARGEST = 512
"""Rows and columns of a picture that maps are measured on, at most: its middle is taken."""

RANKED_ON = 8
"""Pictures that the layers are ranked on."""


@dataclass(frozen=True)
class Quantized:
    """A model in int8.

    Attributes:
        path: Its .xml file.
        report: The file with all that is said here.
        before: Scores of the exported model.
        after: Scores of the model in int8.
        kept: Layers that are not in int8 since they would cost too much, the costliest first.
        pictures: Number of pictures that the ranges of the maps were measured on.
    """

    path: Path
    report: Path
    before: Evaluation
    after: Evaluation
    kept: tuple[str, ...]
    pictures: int

    @property
    def drop(self) -> float:
        """What int8 costs, in points (hundredths) of mean IoU; below 0 where it gains."""
        return drop_between(self.before, self.after)


def drop_between(before: Evaluation, after: Evaluation) -> float:
    """Return how many points (hundredths) of mean IoU are lost."""
    return 100 * (before.scores.mean_iou - after.scores.mean_iou)


def quantize_model(
    model: str | Path,
    data: str | Path | SegmentationData,
    *,
    max_drop: float = 0.3,
    pictures: int = 100,
    split: str = "val",
    format: str | None = None,
) -> Quantized:
    """Write an exported model in 8-bit integers, losing at most so much.

    All convolutions but those of the scores are quantised. Where that costs more than `max_drop`, layers are
    put back, the costliest first, as few as it takes. Earlier files of the model in int8 are replaced.

    Args:
        model: A run folder or model file, exported for OpenVINO.
        data: Folder of the data set, or one that is open.
        max_drop: Points (hundredths) of mean IoU on `split` that may be lost.
        pictures: Pictures of the split train (or else of `split`) that the ranges of maps are measured on.
        split: Split that is scored.
        format: Format of a data set that is a folder; recognised by looking when None.

    Raises:
        CheckpointError: there is no exported model, or too much is lost whatever is put back.
        ConfigError: model and data set name different classes, or a number is out of range.
        DataError: the data set has no such split, or none of its pictures can be read.
        MissingExtraError: nncf, or what scoring needs, is not installed.
    """
    if pictures < 1 or not max_drop >= 0:
        raise ConfigError(f"found {pictures} pictures and max_drop {max_drop}, expected 1 and 0 at least")
    require("nncf", "torch", "torchmetrics")
    files = ModelFiles.find(Path(model))
    if "openvino" not in files.exports:
        raise CheckpointError(f"{model}: is not exported for OpenVINO yet: run  pixelwise export {model}")
    files.check_fresh("openvino")
    source = files.exports["openvino"]
    exact, data = open_both(Predictor(OpenVinoEngine(source)), data, format=format)
    check_same_classes(exact.labels, data)
    seen = data.splits.get("train") or data.split(split)
    measured = list(islice(_read(seen, exact.card.form, pictures), pictures))
    if not measured:
        raise DataError(f"{data.root}: none of the pictures can be read that int8 would be fitted to")

    before = evaluate(exact, data, split=split)
    log.info("%s: mean IoU %.2f %% on %s", before.engine, 100 * before.scores.mean_iou, split)
    out = source.with_name(source.stem + EXPORTS["openvino-int8"])
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=f".{out.stem}-") as folder:
        trials = _Trials(source, measured, before, data, split, Path(folder))
        found = _fewest_kept(trials, exact, max_drop)
        if found is None:
            raise CheckpointError(
                f"{out}: not written, since more than {max_drop} points of mean IoU are lost even with one "
                "layer alone in int8; allow more with --max-drop"
            )
        kept, after, written = found
        report = out.with_suffix(".json")
        result = Quantized(out, report, before, after, kept, len(measured))
        (Path(folder) / report.name).write_text(json.dumps(_describe(result, max_drop), indent=2) + "\n")
        out.unlink(missing_ok=True)
        written.with_suffix(".bin").replace(out.with_suffix(".bin"))
        (Path(folder) / report.name).replace(report)
        written.replace(out)
    return result


@dataclass(frozen=True)
class _Trials:
    """What candidates are made from and scored on."""

    source: Path
    pictures: Sequence[NDArray[Any]]
    before: Evaluation
    data: SegmentationData
    split: str
    folder: Path

    def score(self, kept: tuple[str, ...]) -> tuple[Evaluation, Path]:
        """Write the model with some layers put back, and score it."""
        path = self.folder / f"kept-{len(kept)}.xml"
        after = evaluate(
            Predictor(write_int8(self.source, self.pictures, path, kept)), self.data, split=self.split
        )
        log.info(
            "int8 but for %d layers: mean IoU %.2f %%, %.2f points less",
            len(kept),
            100 * after.scores.mean_iou,
            drop_between(self.before, after),
        )
        return after, path


def _fewest_kept(
    trials: _Trials, exact: Predictor, max_drop: float
) -> tuple[tuple[str, ...], Evaluation, Path] | None:
    """Return the layers that are put back, with scores and file: as few as hold the bound, by bisection."""
    after, path = trials.score(())
    if drop_between(trials.before, after) <= max_drop:
        return (), after, path
    ranked = _rank(trials, exact)
    too_few, enough, found = 0, len(ranked), None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        kept = ranked[:middle]
        after, path = trials.score(kept)
        if drop_between(trials.before, after) <= max_drop:
            enough, found = middle, (kept, after, path)
        else:
            too_few = middle
    return found


def _rank(trials: _Trials, exact: Predictor) -> tuple[str, ...]:
    """Return the layers, the one first without which int8 errs least: squares of logits on a few pictures."""
    pictures = trials.pictures[:RANKED_ON]
    names = layers(trials.source)
    wanted = [exact.engine.logits(picture) for picture in pictures]
    errors = {}
    for name in names:
        engine = write_int8(trials.source, pictures, trials.folder / "ranked.xml", [name])
        errors[name] = sum(
            float(np.square(engine.logits(picture) - logits).mean())
            for picture, logits in zip(pictures, wanted, strict=True)
        )
        log.info("ranking layers: %d of %d", len(errors), len(names))
    return tuple(sorted(names, key=errors.__getitem__))


def _read(pairs: Sequence[Pair], form: PictureForm, wanted: int) -> Iterator[NDArray[Any]]:
    """Yield the middles of pictures as batches of one, spread evenly, those first that come without rest."""
    step = max(1, len(pairs) // wanted)
    for pair in (pair for start in range(step) for pair in pairs[start::step]):
        try:
            picture = form.read(pair.image)
        except ImageError as error:
            log.warning("passed over: %s", error)
            continue
        top, left = (max(0, side - LARGEST) // 2 for side in picture.shape[:2])
        middle = picture[top : top + LARGEST, left : left + LARGEST]
        yield np.ascontiguousarray(middle.transpose(2, 0, 1))[None]


def _describe(result: Quantized, max_drop: float) -> dict[str, Any]:
    """Return what stands in the report."""
    versions = {package: importlib.metadata.version(package) for package in ("nncf", "openvino")}
    return {
        "file": result.path.name,
        "fingerprint": result.before.fingerprint,
        "split": result.before.split,
        "calibrated_on_pictures": result.pictures,
        "max_drop": max_drop,
        "drop": result.drop,
        "not_in_int8": list(result.kept),
        **{
            name: {
                "engine": evaluation.engine,
                **evaluation.scores.to_dict(evaluation.labels.class_names),
                "failed": list(evaluation.failed),
            }
            for name, evaluation in (("before", result.before), ("after", result.after))
        },
        "versions": {"pixelwise": __version__, **versions},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
