"""`pixelwise quantize`: a model in 8-bit integers, with the proof of what it costs."""

from __future__ import annotations

from pathlib import Path

from .log import log_to_terminal


def quantize(
    model: Path,
    data: Path,
    /,
    *,
    max_drop: float = 0.3,
    pictures: int = 100,
    split: str = "val",
    format: str | None = None,
) -> int:
    """Write a model in 8-bit integers, for speed, and bound what it loses.

    Convolutions become int8, fitted to pictures of the data set; the scores before and after are measured.
    Where too much is lost, layers are put back, the costliest first, as few as it takes. `predict` and
    `evaluate` take the file by themselves from then on; `--engine openvino` computes as before.

    Args:
        model: A run folder, or a model file, exported for OpenVINO (`train` does that).
        data: Folder of the data set.
        max_drop: Points of mean IoU, of 100, that may be lost.
        pictures: Training pictures that the ranges of numbers are measured on.
        split: Part of the data set that is scored: val or test.
        format: Format of the data, as docs/formats names them; recognised by looking by default.

    Returns:
        Exit code 0.

    Example:
        pixelwise quantize runs/first DATA
    """
    from ..extras import require

    require("nncf", "torch", "torchmetrics")
    from rich.console import Console

    from ..export.quantize import quantize_model

    with log_to_terminal():
        done = quantize_model(model, data, max_drop=max_drop, pictures=pictures, split=split, format=format)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for evaluation in (done.before, done.after):
        console.print(f"{evaluation.engine:18} mean IoU {100 * evaluation.scores.mean_iou:.2f} % on {split}")
    console.print(f"lost: {done.drop:.2f} points; not in int8: {', '.join(done.kept) or 'the scores alone'}")
    console.print(f"wrote {done.path}; report: {done.report}")
    return 0
