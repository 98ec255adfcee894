"""`pixelwise quantize`: a model in 8-bit integers, with the proof of what it loses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from ..quantization.report import Quantized


def quantize(
    model: Path,
    data: Path,
    /,
    *,
    max_drop: float = 0.3,
    pictures: int = 100,
    calibration: str = "train",
    split: str = "val",
    seed: int = 0,
    format: str | None = None,
) -> int:
    """Write a model in int8, for speed, and bound what it loses.

    Convolutions become int8, fitted to pictures of the data set, and the scores before and after are
    measured. Where too much is lost, the layers that matter most are put back into float, as few as it takes;
    if that does not help, nothing is written. `predict` and `evaluate` take the file by themselves from then
    on; with `--engine openvino` they compute as before.

    Args:
        model: A run folder, or a model file (.safetensors or .xml).
        data: Data set: a folder, file or zip of any format that is recognised.
        max_drop: Points of mean IoU, of 100, that may be lost.
        pictures: Number of pictures that int8 is fitted to.
        calibration: Split that they are drawn from.
        split: Split that is scored.
        seed: Draws the pictures.
        format: Format of the data, where it is not recognised by looking: folder, voc, coco, yolo,
            cityscapes, camvid, ade20k, labelme, cvat, label-studio or huggingface.

    Returns:
        Exit code: 0, or 1 when pictures could not be read.

    Example:
        pixelwise quantize runs/first DATA
    """
    from ..extras import require

    require("nncf", "torch", "torchmetrics")
    from rich.console import Console

    from ..quantization.run import quantize_model
    from .log import complain, log_to_terminal
    from .progress import progress_bar

    with log_to_terminal(), progress_bar("quantizing") as progress:
        done = quantize_model(
            model,
            data,
            max_drop=max_drop,
            pictures=pictures,
            calibration=calibration,
            split=split,
            seed=seed,
            format=format,
            progress=progress,
        )
    _print(done, Console(highlight=False, markup=False, soft_wrap=True))
    complain("not fitted to", done.calibration.unread)
    complain("not scored", done.after.failed)
    return 1 if done.after.failed or done.calibration.unread else 0


def _print(done: Quantized, console: Console) -> None:
    """Print the scores before and after, the layers that are not in int8, and the files."""
    for evaluation in (done.before, done.after):
        mean = 100 * evaluation.scores.mean_iou
        console.print(f"{evaluation.engine:17} mean IoU {mean:5.2f} % on {evaluation.split}")
    before, after = done.before.scores.class_iou, done.after.scores.class_iou
    for name, old, new in zip(done.before.labels.class_names, before, after, strict=True):
        if old == old and new == new:  # no NaN, which stands for an absent class
            console.print(f"  {name:24} {100 * old:5.1f} % -> {100 * new:5.1f} %")
    console.print(f"lost: {done.drop:.2f} points of mean IoU, of {done.max_drop:g} allowed")
    console.print(
        f"in int8: {len(done.int8)} convolutions; put back into float: {', '.join(done.kept) or 'none'}"
    )
    console.print(
        "in float by rule: convolutions of the scores, and the first where pictures have more than 8 bits"
    )
    console.print(f"wrote {done.path}; report: {done.report}")
