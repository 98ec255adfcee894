"""The four scores of the FCN paper, from one confusion matrix over the whole set.

Source: Long, Shelhamer, Darrell 2015, section 5, "Metrics".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError


@dataclass(frozen=True)
class Scores:
    """Scores of a prediction against the truth, all in 0..1; NaN stands for "cannot be said".

    Attributes:
        confusion: Pixel counts (C, C) int64, rows truth, columns prediction.
        pixel_accuracy: Share of pixels with the right class.
        mean_accuracy: Mean over the classes present in the truth of the share of their pixels found.
        mean_iou: Mean IoU over the classes present in the truth or the prediction.
        frequency_weighted_iou: IoU weighted by each class's share of the true pixels.
        class_accuracy: Share of each class's pixels that were found (C,); NaN where the truth lacks it.
        class_iou: IoU of each class (C,); NaN where truth and prediction both lack it.
    """

    confusion: NDArray[np.int64]
    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float
    class_accuracy: NDArray[np.float64]
    class_iou: NDArray[np.float64]

    @classmethod
    def from_confusion(cls, confusion: NDArray[Any]) -> Scores:
        """Compute all scores from pixel counts (C, C), rows truth, columns prediction.

        A class absent from truth and prediction counts in no mean. A class that is predicted but never true
        has IoU 0 and counts in the mean IoU, since each of those pixels is an error.

        Raises:
            ConfigError: the matrix is not square, or a count is below 0.
        """
        confusion = np.asarray(confusion).astype(np.int64)
        if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
            raise ConfigError(f"a confusion matrix is square, found shape {confusion.shape}")
        if (confusion < 0).any():
            raise ConfigError(f"a confusion matrix counts pixels, found {confusion.min()}")
        right = np.diag(confusion).astype(np.float64)
        truth = confusion.sum(axis=1).astype(np.float64)
        union = truth + confusion.sum(axis=0) - right
        total = truth.sum()
        class_accuracy = _ratio(right, truth)
        class_iou = _ratio(right, union)
        return cls(
            confusion=confusion,
            pixel_accuracy=float(right.sum() / total) if total else float("nan"),
            mean_accuracy=_mean(class_accuracy),
            mean_iou=_mean(class_iou),
            frequency_weighted_iou=float(np.nansum(truth * class_iou) / total) if total else float("nan"),
            class_accuracy=class_accuracy,
            class_iou=class_iou,
        )

    def to_dict(self, class_names: tuple[str, ...]) -> dict[str, Any]:
        """Return the scores as plain values for JSON, each class by its name; absent classes are null."""
        truth = self.confusion.sum(axis=1)
        return {
            "pixel_accuracy": _plain(self.pixel_accuracy),
            "mean_accuracy": _plain(self.mean_accuracy),
            "mean_iou": _plain(self.mean_iou),
            "frequency_weighted_iou": _plain(self.frequency_weighted_iou),
            "classes": {
                name: {
                    "iou": _plain(self.class_iou[i]),
                    "accuracy": _plain(self.class_accuracy[i]),
                    "pixels": int(truth[i]),
                }
                for i, name in enumerate(class_names)
            },
            "confusion": self.confusion.tolist(),
        }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _mean(values: NDArray[np.float64]) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
