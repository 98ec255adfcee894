"""What a quantisation did, as a record and as the JSON file beside the model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..checkpoint import ModelCard
from ..evaluation import Evaluation
from ..extras import package_version


@dataclass(frozen=True)
class Calibration:
    """What int8 was fitted to.

    Attributes:
        split: The split that the pictures were drawn from.
        seed: What drew them.
        pictures: Their names.
        unread: A line for each picture that was drawn and could not be read; others were drawn for them.
    """

    split: str
    seed: int
    pictures: tuple[str, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """One choice of layers that was tried.

    Attributes:
        in_float: How many layers were put back into float.
        mean_iou: Its mean IoU, 0..1.
        drop: Points (hundredths) that it loses.
    """

    in_float: int
    mean_iou: float
    drop: float


@dataclass(frozen=True)
class Quantized:
    """A model in int8.

    Attributes:
        path: Its .xml file.
        report: The file that says all this.
        before: Scores of the model in float, as the engine "openvino" computes it.
        after: Scores of the model in int8.
        kept: Layers that were put back into float, the most sensitive first.
        int8: Layers in int8, first to last.
        max_drop: Points of mean IoU that it was allowed to lose.
        calibration: What it was fitted to.
        scores: All choices of layers that were tried, in their order.
        ranking: Layers and what each moves the logits by when it alone is in int8, relative to them; empty
            where no layer had to be put back.
    """

    path: Path
    report: Path
    before: Evaluation
    after: Evaluation
    kept: tuple[str, ...]
    int8: tuple[str, ...]
    max_drop: float
    calibration: Calibration
    scores: tuple[Score, ...]
    ranking: tuple[tuple[str, float], ...]

    @property
    def drop(self) -> float:
        """Points (hundredths) of mean IoU that it loses; below 0 where it gains."""
        return 100 * (self.before.scores.mean_iou - self.after.scores.mean_iou)


def write_report(result: Quantized, card: ModelCard, path: Path) -> None:
    """Write what was done, and with what, as JSON."""
    packages = ("nncf", "openvino", "torch", "torchmetrics")
    versions = {package: package_version(package) for package in packages}
    content = {
        "file": result.path.name,
        "network": card.network["name"],
        "family": card.network["family"],
        "fingerprint": card.fingerprint,
        "split": result.before.split,
        "max_drop": result.max_drop,
        "drop": result.drop,
        "put_back_into_float": list(result.kept),
        "int8": list(result.int8),
        "before": _scores(result.before),
        "after": _scores(result.after),
        "tried": [asdict(score) for score in result.scores],
        "sensitivity": dict(result.ranking),
        "calibration": asdict(result.calibration),
        "versions": {"pixelwise": __version__, **versions},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _scores(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "engine": evaluation.engine,
        "pictures": len(evaluation.per_picture),
        "failed": list(evaluation.failed),
        **evaluation.scores.to_dict(evaluation.labels.class_names),
    }
