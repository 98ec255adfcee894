"""How a training went, epoch by epoch: losses, mean IoU and learning rate as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

TRAIN, VAL = "#8a8a8a", "#1f5fa8"
INK, FRAME, GRID = "#222222", "#bbbbbb", "#e6e6e6"


@dataclass(frozen=True)
class _Panel:
    """A diagram: title, curves (column, name, colour), place of the legend, how a tick is written."""

    title: str
    curves: tuple[tuple[str, str, str], ...]
    legend: Literal["upper right", "lower right"]
    tick: Callable[[float], str]


PANELS = (
    _Panel(
        "loss",
        (("train_loss", "training crops", TRAIN), ("val_loss", "validation", VAL)),
        "upper right",
        "{:g}".format,
    ),
    _Panel(
        "mean IoU",
        (("train_mean_iou", "training crops", TRAIN), ("val_mean_iou", "validation", VAL)),
        "lower right",
        "{:.0%}".format,
    ),
    _Panel(
        "learning rate",
        (("lr", "", VAL),),
        "upper right",
        lambda rate: f"{rate:.1e}".replace(".0e", "e").replace("e-0", "e-") if rate else "0",
    ),
)


def curves_picture(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write the curves of a training as a PNG picture; the best epoch is marked.

    Args:
        rows: One mapping an epoch, with `epoch` and any of the columns that `PANELS` names. A value that is
            missing or NaN leaves a gap; a column without values is left out.
        path: The .png file to write.
    """
    epochs = _column(rows, "epoch")
    panels = [panel for panel in PANELS if any(_has_values(rows, name) for name, _, _ in panel.curves)]
    figure = Figure(figsize=(4.2 * max(1, len(panels)), 3.4), layout="constrained")
    for place, panel in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), place)
        top = 0.0
        for name, label, color in panel.curves:
            if not _has_values(rows, name):
                continue
            values = _column(rows, name)
            top = max(top, float(np.nanmax(values)))
            axes.plot(
                epochs, values, ".-" if len(rows) <= 40 else "-", color=color, label=label, linewidth=1.8
            )
            if name == "val_mean_iou":
                _mark_best(axes, epochs, values)
        _style(axes, panel)
        axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
        axes.set_ylim(0, 1.12 * top or 1)
    figure.savefig(path, dpi=150)


def _column(rows: Sequence[Mapping[str, float]], name: str) -> NDArray[np.float64]:
    values = np.array([row.get(name, np.nan) for row in rows], np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _has_values(rows: Sequence[Mapping[str, float]], name: str) -> bool:
    return bool(np.isfinite(_column(rows, name)).any())


def _style(axes: Axes, panel: _Panel) -> None:
    axes.set_title(panel.title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel("epoch", fontsize=9, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: panel.tick(value)))
    axes.tick_params(labelsize=9, labelcolor=INK, color=FRAME)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FRAME)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend(loc=panel.legend, frameon=False, fontsize=9, labelcolor=INK)


def _mark_best(axes: Axes, epochs: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    best = int(np.nanargmax(values))
    axes.plot(epochs[best], values[best], "o", color=VAL, markersize=8)
    axes.annotate(
        f"best {values[best]:.1%}",
        (epochs[best], values[best]),
        xytext=(4, 9),
        textcoords="offset points",
        ha="right" if best > len(values) / 2 else "left",
        fontsize=9,
        fontweight="bold",
        color=VAL,
    )
