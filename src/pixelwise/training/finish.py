"""After the last epoch: export the best model, score it with the engine that will serve it, draw pictures."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..checkpoint import load_model
from ..data.pairs import SegmentationData
from ..evaluation import Evaluation, evaluate
from ..export.write import export_network
from ..predict.predictor import Predictor
from ..report.curves import curves_picture
from ..report.examples import write_examples
from .record import BEST

log = logging.getLogger("pixelwise")


def finish(run: Path, data: SegmentationData, rows: Sequence[Mapping[str, float]], device: str) -> Evaluation:
    """Complete a run folder whose best model is written.

    Args:
        run: The run folder.
        data: The data trained on; its val split is scored.
        rows: The numbers of each epoch, as in metrics.csv.
        device: What the run was trained on, "cpu" or "cuda": the model is scored there too.

    Returns:
        How the best model did on the val split: on a CPU the exported one.
    """
    log.info("exporting and scoring the best model")
    curves_picture(rows, run / "curves.png")
    model, card = load_model(run / BEST)
    export_network(model, card, run / "model.xml")
    predictor = Predictor.load(run, device="cpu" if device == "cpu" else "auto")
    evaluation = evaluate(predictor, data, split="val", out=run / "evaluation-val", overwrite=True)
    write_examples(predictor, evaluation, data, "val", run / "examples")
    return evaluation
