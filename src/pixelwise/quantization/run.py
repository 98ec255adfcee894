"""Quantise a model, from its export to a file that `predict` takes, with a bound on what it loses."""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from ..checkpoint import ModelCard, load_model
from ..data.pairs import SegmentationData
from ..data.scan import Progress
from ..engines.choose import ModelFiles
from ..engines.openvino import OpenVinoEngine, read_graph, write_graph
from ..engines.runtime import ov
from ..errors import CheckpointError, ConfigError, DataError
from ..evaluation import Evaluation, evaluate, open_both
from ..export.write import put_in_place
from ..extras import require
from ..predict.predictor import Predictor
from .calibration import fit_layers, read_batches, read_folded, sample
from .layers import Int8Layer, put_in
from .report import Calibration, Quantized, Score, write_report
from .sensitivity import Sensitivity, fewest, rank

RANKED_ON = 4
"""Pictures that the layers are ranked on."""

log = logging.getLogger("pixelwise")


def quantize_model(
    model: str | Path,
    data: str | Path | SegmentationData,
    *,
    max_drop: float = 0.3,
    pictures: int = 100,
    calibration: str = "train",
    split: str = "val",
    seed: int = 0,
    format: str | None = None,
    progress: Progress | None = None,
) -> Quantized:
    """Write a model in 8-bit integers beside it, losing at most so much.

    All convolutions become int8 but those of the scores, and the first where pictures do not have 8 bits.
    Where that loses more than `max_drop`, the layers that move the logits most are put back into float, as
    few as it takes. The file appears only when the bound holds; earlier ones of its name are replaced then.

    Args:
        model: A run folder, a .safetensors file, or an .xml file.
        data: Data set (a folder, file or zip of any format that is recognised), or one that is open.
        max_drop: Points (hundredths) of mean IoU that may be lost against the engine "openvino".
        pictures: Pictures that int8 is fitted to.
        calibration: Split that they are drawn from.
        split: Split that is scored.
        seed: Draws the pictures, and the windows of those above 512 x 512.
        format: Format of a data set that is a folder; recognised by looking when None.
        progress: Told, in each step, what is done and how much there is to do.

    Raises:
        CheckpointError: there is no model that OpenVINO could compute, or the bound cannot be met.
        ConfigError: model and data set name different classes, or a number is out of range.
        DataError: the data set lacks a split, or none of a split's pictures can be read.
        MissingExtraError: nncf, or what scoring needs, is not installed.
    """
    for name, value, least in (("pictures", pictures, 1), ("seed", seed, 0), ("max_drop", max_drop, 0)):
        if not least <= value < math.inf:
            raise ConfigError(f"{name} is {value}, expected at least {least}")
    require("nncf", "torch", "torchmetrics")
    files = ModelFiles.find(model)
    out = files.export_path("openvino-int8")
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}-") as folder:
        source = _float_export(files, Path(folder))
        exact, data = open_both(Predictor(OpenVinoEngine(source)), data, format=format, progress=progress)
        data.split(split)
        pairs, unread = sample(data.split(calibration), pictures, seed, exact.card.form)
        if not pairs:
            reason = f"holds no picture that can be read; the first: {unread[0]}" if unread else "is empty"
            raise DataError(f"{data.root}: split '{calibration}' {reason}; expected pictures to fit int8 to")

        before = evaluate(exact, data, split=split, progress=progress)
        _say(before)
        if math.isnan(before.scores.mean_iou):
            raise DataError(
                f"{data.root}: every pixel of split '{split}' is ignored, so nothing can be scored"
            )
        log.info("fitting int8 to %d pictures of %s", len(pairs), calibration)
        graph = read_folded(source)
        batches = partial(read_batches, pairs, exact.card.form, seed)
        layers = fit_layers(graph, partial(batches, progress), len(pairs))
        trials = _Trials(graph, layers, exact.card, before, max_drop, data, Path(folder), out.name, progress)
        best = trials.put_back(())
        ranking: tuple[Sensitivity, ...] = ()
        if not best.passed:
            log.info("that loses too much: ranking %d layers by what each does to the logits", len(layers))
            ranking = tuple(rank(graph, layers, list(islice(batches(), RANKED_ON)), progress))
            found = fewest(len(layers) - 1, partial(trials.first_of, ranking))
            best = found or best
        if not best.passed:
            raise CheckpointError(_refusal(out, trials, len(pairs)))
        result = Quantized(
            out,
            out.with_name(f"{out.name}.quantization.json"),
            before,
            best.evaluation,
            best.kept,
            tuple(layer.name for layer in layers if layer.name not in best.kept),
            max_drop,
            Calibration(calibration, seed, tuple(pair.name for pair in pairs), unread),
            tuple(trials.scores),
            tuple((one.layer.name, one.error) for one in ranking),
        )
        write_report(result, exact.card, best.path.with_name(result.report.name))
        put_in_place(best.path, out)
    return result


@dataclass(frozen=True)
class _Trial:
    """A network with some layers in float, and how it did."""

    path: Path
    kept: tuple[str, ...]
    evaluation: Evaluation
    passed: bool


@dataclass(frozen=True)
class _Trials:
    """Writes and scores the network with different layers in int8."""

    graph: ov.Model
    layers: Sequence[Int8Layer]
    card: ModelCard
    before: Evaluation
    max_drop: float
    data: SegmentationData
    folder: Path
    name: str
    progress: Progress | None
    scores: list[Score] = field(default_factory=list)

    def first_of(self, ranking: Sequence[Sensitivity], number: int) -> tuple[_Trial, bool]:
        """Try the network with the most sensitive layers in float; tell whether the bound holds."""
        trial = self.put_back(tuple(one.layer.name for one in ranking[:number]))
        return trial, trial.passed

    def put_back(self, kept: tuple[str, ...]) -> _Trial:
        """Write the network with all layers in int8 but some, and score it."""
        path = self.folder / f"{len(kept)} in float" / self.name
        path.parent.mkdir()
        graph = put_in(self.graph, [layer for layer in self.layers if layer.name not in kept])
        write_graph(graph, self.card, path)
        found = evaluate(
            Predictor(OpenVinoEngine(path)), self.data, split=self.before.split, progress=self.progress
        )
        drop = 100 * (self.before.scores.mean_iou - found.scores.mean_iou)
        _say(found, f", {drop:.2f} points lost, {len(kept)} layers put back into float")
        self.scores.append(Score(len(kept), found.scores.mean_iou, drop))
        return _Trial(path, kept, found, drop <= self.max_drop)


def _refusal(out: Path, trials: _Trials, pictures: int) -> str:
    """Return why nothing is written, and how to mend it."""
    least = min(score.drop for score in trials.scores)
    stays = f"; the earlier {out.name} stays" if out.exists() else ""
    return (
        f"{out}: not written, since int8 loses at least {least:.2f} points of mean IoU on "
        f"{trials.before.split} (expected at most {trials.max_drop:g}), whichever layers are put back into "
        f"float: allow more with --max-drop, or fit it to more pictures than {pictures}{stays}"
    )


_SOURCES = "int8 is made from a .safetensors file or from the .xml file of pixelwise export"


def _float_export(files: ModelFiles, folder: Path) -> Path:
    """Return the model's .xml file; one in a temporary folder where there is none that fits the weights.

    Raises:
        CheckpointError: there is neither, another file was named, or the .xml file that was named fits no
            longer.
    """
    if files.path in (files.export_path("openvino-int8"), files.export_path("onnx")):
        raise CheckpointError(f"{files.path}: {_SOURCES}; name that, or the run folder")
    export = files.exports.get("openvino")
    if export is not None:
        try:
            files.check_fresh("openvino", read_graph(export)[1])
        except CheckpointError:
            if files.path == export:
                raise
        else:
            return export
    if files.weights is None:
        raise CheckpointError(f"{files.path}: {_SOURCES}, and there is neither")
    from ..export.openvino import write_openvino

    network, card = load_model(files.weights)
    path = folder / "float.xml"
    write_openvino(network, card, path)
    return path


def _say(evaluation: Evaluation, more: str = "") -> None:
    mean = 100 * evaluation.scores.mean_iou
    log.info("%s: mean IoU %.2f %% on %s%s", evaluation.engine, mean, evaluation.split, more)
