"""The confusion matrix as a picture: where the pixels of each class went."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from ..labels import Labels
from ..metrics import Scores
from .lettering import Lettering, letters_wide

VALUES_UP_TO = 20
"""With more classes than this the cells are too small for numbers."""

ABSENT = "#e3e3e3"
INK = "#222222"


def confusion_picture(scores: Scores, labels: Labels, file: Path | BinaryIO) -> None:
    """Write the confusion matrix as a PNG picture, each row in percent of the true pixels of its class.

    The row of a class without a true pixel is grey.

    Args:
        scores: Holds the counts (C, C), rows truth, columns prediction.
        labels: Names and colours of the C classes.
        file: The PNG file to write, by its path or open.
    """
    counts = scores.confusion
    truth = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, truth, out=np.full(counts.shape, np.nan), where=truth > 0)

    few = len(counts) <= VALUES_UP_TO
    side = max(1.6, len(counts) * (0.48 if few else 0.17))
    names = (0.09 if few else 0.06) * max(map(letters_wide, labels.class_names))
    figure = Figure(figsize=(side + names + 1.3, side + names + 1.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(ABSENT)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _draw_grid(axes, len(counts))
    _name_classes(axes, labels, size=9 if few else 6)
    if few:
        _write_percentages(axes, shares)
    figure.suptitle(
        f"Where the pixels of each class went, in %\nmean IoU {_percent(scores.mean_iou)}, "
        f"pixel accuracy {_percent(scores.pixel_accuracy)}",
        fontsize=10,
        color=INK,
    )
    figure.savefig(file, dpi=150)


def _draw_grid(axes: Axes, number: int) -> None:
    """Separate the cells by white lines."""
    axes.set_xticks(np.arange(1, number) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, number) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2 if number <= VALUES_UP_TO else 0.4)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _name_classes(axes: Axes, labels: Labels, size: float) -> None:
    """Write the class names along both axes, each beside a square of the class's colour."""
    places, lettering = range(labels.num_classes), Lettering(*labels.class_names)
    names = lettering.names(labels.class_names)
    how: dict[str, Any] = {"fontfamily": lettering.families, "parse_math": False}
    axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor", **how)
    axes.set_yticks(places, names, **how)
    axes.tick_params(labelsize=size, labelcolor=INK, pad=1.8 * size)
    axes.set_xlabel("prediction", fontsize=size + 1, color=INK)
    axes.set_ylabel("truth", fontsize=size + 1, color=INK)
    side = 0.9 * size
    left = axes.get_yaxis_transform() + ScaledTranslation(-side / 72, 0, axes.figure.dpi_scale_trans)
    below = axes.get_xaxis_transform() + ScaledTranslation(0, -side / 72, axes.figure.dpi_scale_trans)
    for i, color in enumerate(np.asarray(labels.palette) / 255):
        for x, y, place in ((0, i, left), (i, 0, below)):
            axes.plot(x, y, "s", color=color, markersize=side, transform=place, clip_on=False)


def _write_percentages(axes: Axes, shares: NDArray[np.float64]) -> None:
    """Write into each cell its share in percent; what rounds to 0 stays empty, absent rows say so."""
    for row, values in enumerate(shares):
        if np.isnan(values).any():
            axes.text(
                (len(values) - 1) / 2, row, "absent", ha="center", va="center", fontsize=8, color="#777777"
            )
            continue
        for column, share in enumerate(values):
            if share >= 0.005:
                ink = "white" if share > 0.55 else INK
                weight = "bold" if row == column else "normal"
                axes.text(
                    column,
                    row,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=ink,
                    fontweight=weight,
                )


def _percent(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{100 * value:.1f} %"
