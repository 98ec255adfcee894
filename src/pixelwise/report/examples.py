"""Which pictures show what a model does: the best, the median and the worst."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.masks import read_mask
from ..data.pairs import SegmentationData
from ..data.preview import preview
from .rows import example_row

if TYPE_CHECKING:
    from ..evaluation import Evaluation, PictureScore
    from ..predict.predictor import Predictor


def write_examples(
    predictor: Predictor, evaluation: Evaluation, data: SegmentationData, split: str, out: Path
) -> list[Path]:
    """Write a row of pictures for the best, the median and the worst picture of an evaluation.

    Args:
        predictor: The model that was evaluated.
        evaluation: Its scores, which decide what is best and worst.
        data: The data set that it was evaluated on.
        split: The split of it.
        out: Folder for best.png, median.png and worst.png; made if it is missing.

    Returns:
        The files; fewer than three when fewer pictures have a score.

    Raises:
        DataError: `data` has no such split, or a picture cannot be read any more.
    """
    pairs = {pair.name: pair for pair in data.split(split)}
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for rank, score in rank_pictures(evaluation.per_picture).items():
        pair = pairs[score.name]
        picture, truth = predictor.card.form.read(pair.image), read_mask(pair.mask, data.codec)
        number = sum(not math.isnan(score.mean_iou) for score in evaluation.per_picture)
        title = f"{rank} of {number} pictures, mean IoU {100 * score.mean_iou:.1f} %: {score.name}"
        path = out / f"{rank}.png"
        example_row(preview(picture), truth, predictor(picture), data.labels, path, title)
        written.append(path)
    return written


def rank_pictures(scores: Sequence[PictureScore]) -> dict[str, PictureScore]:
    """Pick the best, the median and the worst picture by mean IoU; none twice, none without a score."""
    ranked = sorted(
        (score for score in scores if not math.isnan(score.mean_iou)),
        key=lambda score: (-score.mean_iou, score.name),
    )
    places = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
    wanted = list(places)[: len(ranked)] if len(ranked) != 2 else ["best", "worst"]
    return {rank: ranked[places[rank]] for rank in wanted}
